"""Suspended, unsuspended, unreachable, refused: the service's own processes at a sandbox GitHub."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.control import Expiry, expire_tokens
from sandbox.faults import Fault, FaultKind
from tests.support.conditions import until
from tests.support.servers.sandbox import INSTALLATION, MARA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox

INTEGRATION = "/git-integrations/github"
FACTS = "SELECT type FROM git_domain_events WHERE starts_with(type, 'git.integration.') ORDER BY id"
WANT_SYNC = "UPDATE git_integrations SET sync_requested_at = now()"
PROCESSES = ("api", "worker", "scheduler")


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[ServiceAtSandbox]:
    """Give a running service that is connected to the sandbox's installation and has read its catalog."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation()
        await both.start(*PROCESSES)
        await both.until(lambda: both.event_store.value("SELECT synced_at FROM git_integrations"))
        yield both


async def test_suspension_arrives_within_two_seconds(both: ServiceAtSandbox) -> None:
    """By webhook, and so does its end."""
    async with both.person("viewer") as person:
        for action, status in (("suspend", "suspended"), ("unsuspend", "active")):
            began = time.monotonic()
            await both.sandbox.act(MARA, action, installation=INSTALLATION)
            await until(lambda status=status: _shows(person, status))  # type: ignore[misc]
            assert time.monotonic() - began < 2
    assert both.event_store.rows(FACTS) == [("git.integration.suspended",), ("git.integration.activated",)]


async def test_recovers_from_an_outage_by_itself(both: ServiceAtSandbox) -> None:
    """The catalog stays available; requests that need GitHub fail at once until it responds."""
    async with both.person() as person:
        repositories = (await person.get(f"{INTEGRATION}/repos")).json()["data"]
        branches = f"{INTEGRATION}/repos/{repositories[0]['id']}/branches"
        both.fault(Fault(FaultKind.ERROR, status=500))
        for _ in range(3):
            answer = await person.get(branches)
            assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
        await both.until(lambda: both.service.log_lines("api", "provider_breaker_opened"))
        began = time.monotonic()
        assert (await person.get(branches)).status_code == 503
        assert time.monotonic() - began < 0.3, "GitHub was not asked"
        both.event_store.run(WANT_SYNC)
        await both.until(lambda: both.service.log_lines("scheduler", "provider_unavailable"))
        listed = await person.get(f"{INTEGRATION}/repos")
        assert (listed.status_code, listed.json()["data"]) == (200, repositories)
        assert listed.json()["sync"]["age_seconds"] >= 0
        assert await _shows(person, "active")
        both.fault()

        async def answers() -> bool:
            return (await person.get(branches)).status_code == 200

        await until(answers, seconds=20)
        await both.until(lambda: both.service.log_lines("api", "provider_breaker_closed"))
        assert await _shows(person, "active")
    assert _alerts(both) == []


async def test_rejected_key_is_one_alert_and_suspends_nothing(both: ServiceAtSandbox) -> None:
    """In all processes together."""
    expire_tokens(both.sandbox.sandbox, Expiry(installations=True))
    both.fault(Fault(FaultKind.KEY_REFUSED))
    async with both.person() as person:
        repositories = (await person.get(f"{INTEGRATION}/repos")).json()["data"]
        for row in repositories:
            refused = await person.get(f"{INTEGRATION}/repos/{row['id']}/branches")
            assert (refused.status_code, refused.json()["code"]) == (503, "provider_app_refused")
        both.event_store.run(WANT_SYNC)
        await both.until(lambda: both.event_store.value("SELECT sync_error FROM git_integrations"))
        assert await _shows(person, "active")
    assert _alerts(both) == ["app_refused"]


async def _shows(person: httpx.AsyncClient, status: str) -> bool:
    shown = await person.get(INTEGRATION)
    return bool(shown.json()["status"] == status)


def _alerts(both: ServiceAtSandbox) -> list[str]:
    return [line["code"] for name in PROCESSES for line in both.service.log_lines(name, "alert")]
