"""What stands behind a port is checked before anything is called."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from adapters.github.provider import GitHubProvider
from adapters.observability.logs import LoggedAlerts
from adapters.observability.sentry import SentryAlerts
from adapters.postgres.connection.locks import PostgresExclusion
from adapters.postgres.queries.directory import PostgresDirectory
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.redis_queue.worker_notifier import RedisWorkerNotifier
from adapters.secrets.cipher import AesGcmCipher, NoKeys
from core.domain.secret import Secret
from entrypoints.bootstrap.extensions import check_adapters
from entrypoints.bootstrap.port_check import PORTS, find_mismatches
from entrypoints.settings.settings import SettingsRefused
from entrypoints.settings.values import PORTS as PORTS_OF_SETTINGS
from entrypoints.settings.values import Adapter
from ports.encryption import Cipher
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.directory import MemoryDirectory
from testing.memory.exclusion import MemoryExclusion
from testing.memory.unit_of_work import MemoryUnitOfWork


def test_checks_every_port_of_the_setting() -> None:
    assert set(PORTS) == PORTS_OF_SETTINGS


@pytest.mark.parametrize(
    ("port", "adapter"),
    [
        ("alerts", LoggedAlerts),
        ("alerts", SentryAlerts),
        ("cipher", AesGcmCipher),
        ("cipher", NoKeys),
        ("delivery_log", PostgresDeliveryLog),
        ("delivery_log", MemoryDeliveryLog),
        ("directory", PostgresDirectory),
        ("directory", MemoryDirectory),
        ("doorbell", RedisWorkerNotifier),
        ("exclusion", PostgresExclusion),
        ("exclusion", MemoryExclusion),
        ("provider", GitHubProvider),
        ("unit_of_work", PostgresUnitOfWork),
        ("unit_of_work", MemoryUnitOfWork),
    ],
)
def test_accepts_the_adapters_of_this_service(port: str, adapter: type) -> None:
    """The classes, without a connection."""
    assert find_mismatches(port, object.__new__(adapter)) == []


class Half:
    """Lacks most of a cipher."""

    read_key_id = "no function"

    def encrypt(self, secret: Secret) -> str:
        """Encrypt without a context."""
        return repr(secret)

    async def is_current(self, ciphertext: str) -> bool:
        """Answer later than anybody waits."""
        return bool(ciphertext)


class Stubs(Cipher):
    """Inherits everything."""


class Silent:
    """Alerts that nobody would ever await."""

    async def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Alert."""


def test_names_each_mismatch() -> None:
    assert find_mismatches("cipher", Half()) == [
        "`encrypt` does not accept (secret, *, context)",
        "`decrypt` is missing",
        "`read_key_id` cannot be called",
        "`is_current` must not be asynchronous",
    ]
    assert find_mismatches("alerts", Silent()) == ["`alert` must not be asynchronous"]
    assert find_mismatches("cipher", None) == ["the factory returned None"]
    assert find_mismatches("cipher", NoKeys) == ["the factory returned the class NoKeys, not an instance"]
    stubs: Any = Stubs
    inherited = "`encrypt` is not implemented: it is inherited from the port"
    assert inherited in find_mismatches("cipher", object.__new__(stubs))


@pytest.mark.parametrize("port", sorted(PORTS))
def test_rejects_values_that_are_not_adapters(port: str) -> None:
    for other in (0, "text", object(), {}):
        assert find_mismatches(port, other)


async def _later(_: object) -> object:
    return NoKeys()


def _leaves(_: object) -> object:
    raise SystemExit(3)


def _fails(_: object) -> object:
    raise RuntimeError("no\nconnection")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_later, "the factory is asynchronous"),
        (_leaves, "the factory raised SystemExit: 3"),
        (_fails, "the factory raised RuntimeError: no connection"),
        (lambda: None, "the factory raised TypeError"),
        (lambda _: Half(), "`decrypt` is missing"),
    ],
)
async def test_rejects_a_failing_factory_in_one_line(make: Callable[..., Any], why: str) -> None:
    adapter = Adapter("cipher", make, "cipher=package:make")
    async with AsyncExitStack() as stack:
        with pytest.raises(SettingsRefused) as refused:
            check_adapters((adapter,), {}, stack)
    (line,) = str(refused.value).splitlines()[1:]
    assert line.startswith("CREWKIT_GIT_ADAPTERS: `cipher=package:make`: ")
    assert why in line


@pytest.mark.parametrize("is_asynchronous", [False, True])
async def test_closes_created_adapters(*, is_asynchronous: bool) -> None:
    closed = []

    class Closing(NoKeys):
        def close(self) -> object:
            """Close now or in a moment."""
            closed.append(1)
            return _later(None) if is_asynchronous else None

    async with AsyncExitStack() as stack:
        check_adapters((Adapter("cipher", lambda _: Closing(), "cipher=a:b"),), {}, stack)
        assert not closed
    assert closed == [1]
