"""What it finds out about our own servers, processes and keys."""

import asyncio
import base64
import time
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from entrypoints.bootstrap import migrations
from entrypoints.doctor.findings import Level
from entrypoints.doctor.report import as_text
from sandbox.faults import Fault, FaultKind
from tests.support.clients.doctor import KEY, levels, run_doctor, run_worker, wrong
from tests.support.servers.servers import Servers, new_database
from tests.support.servers.service_with_sandbox import ServiceAtSandbox

Change = Callable[[str], str]

MISTAKES = [
    pytest.param(lambda url: f"{url}&user=nobody", "Correct the user and password", id="user"),
    pytest.param(lambda url: urlsplit(url)._replace(path="/nothing").geturl(), "Create the database", id="database"),
    pytest.param(lambda _: "postgresql://u@no.such.host.invalid/x", "Correct the host", id="host"),
]


async def test_reports_each_server_that_is_down_once(both: ServiceAtSandbox) -> None:
    """Checks that do not need them still run."""
    findings = await run_doctor(
        both, {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:9/x", "REDIS_URL": "redis://:hunter2@127.0.0.1:9/0"}
    )

    found = wrong(findings)
    assert list(found) == ["database", "redis"]
    assert "Connection refused" in found["database"]
    assert "Start Redis" in found["redis"]
    assert levels(findings, "migrations", "backlog", "scheduler", "worker", "installations") == [Level.NOTE] * 5
    assert levels(findings, "github app", "webhook", "access tokens") == [Level.OK] * 3
    assert "hunter2" not in as_text(findings)


async def test_does_not_wait_for_silent_servers(both: ServiceAtSandbox) -> None:
    """GitHub, a database or a Redis that accepts connections and never responds."""
    both.fault(Fault(FaultKind.HANG))
    deaf: list[asyncio.StreamWriter] = []

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deaf.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname())
    began = time.monotonic()
    try:
        findings = await run_doctor(
            both, {"DATABASE_URL": f"postgresql://u@{address}/x", "REDIS_URL": f"redis://{address}/0"}, seconds=1
        )
    finally:
        server.close()
        for writer in deaf:
            writer.close()

    assert time.monotonic() - began < 5
    assert {"database", "redis", "github app"} <= wrong(findings).keys()
    assert levels(findings, "access tokens") == [Level.OK]


async def test_reports_a_database_that_is_not_migrated(both: ServiceAtSandbox, database_url: str) -> None:
    """Or only in part. Checks that need the tables report it instead of failing."""
    newest = migrations.revisions()[-1]
    await asyncio.to_thread(migrations.downgrade, database_url, "0005")
    behind = await run_doctor(both)
    await asyncio.to_thread(migrations.downgrade, database_url, "base")
    never = await run_doctor(both)

    assert f"revision 0005, but this version needs {newest}" in wrong(behind)["migrations"]
    assert "no tables of this service" in wrong(never)["migrations"]
    assert "crewkit-git migrate" in wrong(never)["migrations"]
    assert levels(never, "database", "scheduler", "backlog", "installations") == [Level.OK, *[Level.NOTE] * 3]


async def test_reports_an_empty_database(both: ServiceAtSandbox, servers: Servers) -> None:
    """It has no revision table either. Checks that need the tables report the true reason, too."""
    with new_database(servers.database_url) as empty:
        findings = await run_doctor(both, {"DATABASE_URL": empty})

    assert wrong(findings) == {
        "migrations": "The database has no tables of this service yet. Run `crewkit-git migrate`."
    } | {"worker": wrong(findings)["worker"]}
    for about in ("backlog", "scheduler", "encryption keys", "webhook secrets", "app keys", "installations"):
        assert [one.message for one in findings if one.about == about] == [
            "Not checked, because the database is not migrated."
        ]


@pytest.mark.parametrize(("change", "remedy"), MISTAKES)
async def test_reports_an_invalid_database_url(
    both: ServiceAtSandbox, database_url: str, change: Change, remedy: str
) -> None:
    """With the remedy: starting PostgreSQL would not help."""
    found = wrong(await run_doctor(both, {"DATABASE_URL": change(database_url)}))
    assert remedy in found["database"]


async def test_finds_values_that_no_key_decrypts(both: ServiceAtSandbox) -> None:
    """Another key of the same id, and a missing key. Neither value nor key is shown."""
    external_id = both.event_store.value("SELECT external_id FROM git_integrations")
    context = f"git_integrations.access_token:{external_id}"
    kept = AesGcmCipher([("test", KEY)]).encrypt(Secret("ghs_kept"), context=context)
    both.event_store.run(f"UPDATE git_integrations SET access_token = '{kept}'")
    other = base64.b64encode(sha256(b"other").digest()).decode()

    well = await run_doctor(both)
    same_name = await run_doctor(both, {"ENCRYPTION_KEYS": f"test:{other}"})
    gone = await run_doctor(both, {"ENCRYPTION_KEYS": f"new:{other}"})
    none = await run_doctor(both, {"ENCRYPTION_KEYS": None})

    assert levels(well, "encryption keys") == [Level.OK]
    assert "encrypted with the key `test`. The newest cannot be decrypted" in wrong(same_name)["encryption keys"]
    assert "access_token: 1 value encrypted with the key `test`" in wrong(gone)["encryption keys"]
    assert "No encryption key is set" in wrong(none)["encryption keys"]
    text = as_text([*same_name, *gone, *none])
    assert not any(one in text for one in (kept, other, KEY.reveal()))


async def test_reports_missing_workers(both: ServiceAtSandbox, redis_url: str) -> None:
    """With the time that events have waited. A running worker is found without its help."""
    await both.start("api")
    await both.push(1)
    both.event_store.run("UPDATE git_webhook_events SET created_at = now() - interval '10 minutes'")

    silent = await run_doctor(both)
    async with run_worker(redis_url):
        report = await run_doctor(both)

    found = wrong(silent)
    assert "Start `crewkit-git worker`" in found["worker"]
    assert "received 10 minutes ago" in found["backlog"]
    assert levels(silent, "scheduler") == [Level.WARN]
    assert levels(report, "worker") == [Level.OK]


async def test_reads_the_published_keys(both: ServiceAtSandbox) -> None:
    """An address without keys is reported."""
    published = {"AUTH_PUBLIC_KEY": None, "AUTH_JWKS_URL": f"{both.sandbox.url}/keys"}
    found = wrong(await run_doctor(both, published))
    assert "(status " in found["access tokens"]


async def test_reports_an_invalid_private_key(both: ServiceAtSandbox) -> None:
    """Without showing any of it."""
    broken = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----"
    findings = await run_doctor(both, {"GITHUB_PRIVATE_KEY": broken})

    assert "CREWKIT_GIT_GITHUB_PRIVATE_KEY: the private key is damaged" in wrong(findings)["settings"]
    assert "hunter2" not in as_text(findings)
