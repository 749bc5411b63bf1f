"""`crewkit-git doctor` at real servers and the sandbox: well where all is, and right about what is not."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from redis import Redis

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from entrypoints.bootstrap import migrations
from entrypoints.bootstrap.doctor import open_checks
from entrypoints.doctor.environment import readable
from entrypoints.doctor.findings import Finding, Level, examine
from entrypoints.doctor.report import as_text
from entrypoints.sandbox.faults import Fault, FaultKind
from entrypoints.worker.main import LaneWorker
from tests.support.conditions import until
from tests.support.registering import read, registering
from tests.support.sandbox import MARA
from tests.support.service_at_sandbox import ServiceAtSandbox, service_at_sandbox

KEY = Secret(base64.b64encode(bytes(32)).decode())
"""The encryption key of services under test, which they know as `test`."""
HEALTHY = """\
ok    settings         All COUNT can be read, for production.
ok    database         PostgreSQL VERSION answers.
ok    database clock   It agrees with ours to a second.
ok    migrations       The schema is at revision REVISION, the newest.
ok    backlog          No delivery waits for long.
ok    scheduler        It compared the provider's log of deliveries with ours TIME ago.
ok    encryption keys  COUNT; one of each column and key was read.
ok    installations    1 connected, none behind on permissions.
ok    redis            It answers.
ok    worker           1 worker listening.
ok    access tokens    They are verified with one public key, by RS256.
ok    github app       crewkit answers to our key: SANDBOX/apps/crewkit
ok    permissions      As needed: contents: read, metadata: read, pull_requests: read, emails: read.
ok    events           As needed: public, pull_request, push, repository.
ok    github clock     It agrees with ours to a second.
ok    webhook          Deliveries go to SERVICE/api/v1/git/github/webhooks as json.
ok    deliveries       2 deliveries arrived, the last TIME ago.
note  callback urls    The app must have these, in this order: \
SERVICE/api/v1/git/github/callback and SERVICE/api/v1/user/git-connections/github/callback

All is well: 17 checks.
"""


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[ServiceAtSandbox]:
    """Give a service of which no process runs, connected to the sandbox's installation."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.ledger.connect_installation()
        yield both


@asynccontextmanager
async def listening(redis_url: str) -> AsyncIterator[None]:
    """Register a worker for the length of the block, as one that runs does."""
    with Redis.from_url(redis_url) as client:
        worker = LaneWorker(client, stopping=threading.Event())
        # RQ has types in part.
        worker.register_birth()  # type: ignore[no-untyped-call]
        yield
        worker.register_death()  # type: ignore[no-untyped-call]


async def examined(
    both: ServiceAtSandbox, changes: Mapping[str, str | None] | None = None, *, seconds: float = 10
) -> list[Finding]:
    """Examine the service with some of its variables changed; None takes one away."""
    wanted = {**both.service.environment, **{f"CREWKIT_GIT_{n}": v for n, v in (changes or {}).items()}}
    settings, problems = readable({name: value for name, value in wanted.items() if value is not None})
    async with open_checks(settings, problems) as checks:
        return await examine(checks, seconds=seconds)


def wrong(findings: list[Finding]) -> dict[str, str]:
    """Return what is wrong, by what it is about."""
    return {one.about: f"{one.message} {one.remedy}" for one in findings if one.level is Level.FAIL}


def levels(findings: list[Finding], *abouts: str) -> list[Level]:
    """Return the worst level of each."""
    return [
        max((one.level for one in findings if one.about == about), key=list(Level).index) for about in abouts
    ]


async def test_a_service_that_is_well(both: ServiceAtSandbox) -> None:
    """Every process runs, a push arrived: each check says what it saw, and nothing is wrong."""
    await both.start("api", "worker", "scheduler")
    granted = '{"contents": "read", "metadata": "read", "pull_requests": "read"}'
    both.ledger.run(f"UPDATE git_integrations SET sync_requested_at = now(), permissions = '{granted}'")
    await both.push(2)
    await both.until(lambda: both.ledger.value("SELECT synced_at FROM git_integrations"))
    await both.until(lambda: both.ledger.value("SELECT compared_at FROM git_recoveries"))
    await both.until(
        lambda: both.ledger.rows("SELECT status FROM git_webhook_events") == [("processed",), ("processed",)]
    )

    status, said = await both.run("doctor")

    assert status == 0, said
    said = said.replace(both.service.url, "SERVICE").replace(both.sandbox.url, "SANDBOX")
    for pattern, name in (
        (r"(?<=PostgreSQL )[\d.]+", "VERSION"),
        (r"(?<=revision )\d{4}", "REVISION"),
        (r"\d+ \w+(?= ago)", "TIME"),
        (r"\d+ encrypted values?", "COUNT"),
        (r"(?<=All )\d+", "COUNT"),
    ):
        said = re.sub(pattern, name, said)
    assert said == HEALTHY


def test_a_machine_where_nothing_is_set_up(tmp_path: Path) -> None:
    """Every missing setting with its remedy, status 1, and the same for programs."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", "doctor", "--json"],
        env={**inherited, "CREWKIT_GIT_HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )

    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], done.stderr) == (1, False, b"")
    failed = [one for one in told["findings"] if one["level"] == "fail"]
    assert {one["about"] for one in failed} == {"settings"}
    assert all(one["remedy"] for one in failed)


async def test_servers_that_are_down_are_said_once_each(both: ServiceAtSandbox) -> None:
    """And what can be looked at without them is."""
    findings = await examined(
        both,
        {
            "DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:9/x",
            "REDIS_URL": "redis://:hunter2@127.0.0.1:9/0",
        },
    )

    found = wrong(findings)
    assert list(found) == ["database", "redis"]
    assert "Connection refused" in found["database"]
    assert "Start Redis" in found["redis"]
    assert levels(findings, "migrations", "backlog", "scheduler", "installations") == [Level.NOTE] * 4
    assert levels(findings, "github app", "webhook", "access tokens") == [Level.OK] * 3
    assert "hunter2" not in as_text(findings)


async def test_nothing_that_hangs_hangs_it(both: ServiceAtSandbox) -> None:
    """Neither GitHub, nor a database or a Redis that accepts connections and is silent."""
    both.fault(Fault(FaultKind.HANG))
    deaf: list[asyncio.StreamWriter] = []

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deaf.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname())
    began = time.monotonic()
    try:
        findings = await examined(
            both,
            {"DATABASE_URL": f"postgresql://u@{address}/x", "REDIS_URL": f"redis://{address}/0"},
            seconds=1,
        )
    finally:
        server.close()
        for writer in deaf:
            writer.close()

    assert time.monotonic() - began < 5
    assert {"database", "redis", "github app"} <= wrong(findings).keys()
    assert levels(findings, "access tokens") == [Level.OK]


async def test_a_database_that_is_not_migrated(both: ServiceAtSandbox, database_url: str) -> None:
    """Or not to the end; what needs the tables says so instead of failing."""
    newest = migrations.revisions()[-1]
    await asyncio.to_thread(migrations.downgrade, database_url, "0005")
    behind = await examined(both)
    await asyncio.to_thread(migrations.downgrade, database_url, "base")
    never = await examined(both)

    assert f"revision 0005 and not at {newest}" in wrong(behind)["migrations"]
    assert "never migrated" in wrong(never)["migrations"]
    assert "crewkit-git migrate" in wrong(never)["migrations"]
    assert levels(never, "database", "scheduler", "backlog", "installations") == [Level.OK, *[Level.NOTE] * 3]


async def test_a_foreign_key_is_found_by_reading(both: ServiceAtSandbox) -> None:
    """Another of the same name, and one that is gone; neither value nor key is shown."""
    external_id = both.ledger.value("SELECT external_id FROM git_integrations")
    context = f"git_integrations.access_token:{external_id}"
    kept = AesGcmCipher([("test", KEY)]).encrypt(Secret("ghs_kept"), context=context)
    both.ledger.run(f"UPDATE git_integrations SET access_token = '{kept}'")
    other = base64.b64encode(b"x" * 32).decode()

    well = await examined(both)
    same_name = await examined(both, {"ENCRYPTION_KEYS": f"test:{other}"})
    gone = await examined(both, {"ENCRYPTION_KEYS": f"new:{other}"})
    none = await examined(both, {"ENCRYPTION_KEYS": None})

    assert levels(well, "encryption keys") == [Level.OK]
    assert "of the key `test` cannot be read" in wrong(same_name)["encryption keys"]
    assert "access_token: 1 value encrypted with the key `test`" in wrong(gone)["encryption keys"]
    assert "There are none" in wrong(none)["encryption keys"]
    text = as_text([*same_name, *gone, *none])
    assert not any(one in text for one in (kept, other, KEY.reveal()))


async def test_a_refused_key_is_said_once(both: ServiceAtSandbox) -> None:
    """What else would be asked of GitHub says that it was not."""
    both.fault(Fault(FaultKind.KEY_REFUSED))
    findings = await examined(both)

    assert "Make a private key" in wrong(findings)["github app"]
    assert levels(findings, "webhook", "deliveries", "github clock") == [Level.NOTE, Level.NOTE, Level.OK]


async def test_an_outage_of_github_is_said_once(both: ServiceAtSandbox) -> None:
    """With where to look."""
    both.fault(Fault(FaultKind.ERROR, status=502))
    findings = await examined(both)

    assert "githubstatus.com" in wrong(findings)["github app"]
    assert levels(findings, "webhook", "deliveries", "github clock") == [Level.NOTE] * 3


@pytest.mark.parametrize(("seconds", "level"), [(45, Level.WARN), (-3600, Level.FAIL)])
async def test_a_clock_that_differs_from_githubs(
    both: ServiceAtSandbox, seconds: float, level: Level
) -> None:
    """Is told, though the adapter copes with it; the app itself is well."""
    both.fault(Fault(FaultKind.SKEWED_CLOCK, seconds=seconds))
    findings = await examined(both)

    assert levels(findings, "github clock", "github app") == [level, Level.OK]


async def test_an_app_that_was_registered_otherwise(both: ServiceAtSandbox) -> None:
    """Permissions, events, webhook and settings of another app: each is told with its remedy."""
    app = both.sandbox.world.apps[both.sandbox.app.id]
    app.permissions = {"contents": "write", "metadata": "read"}
    app.events = ["push"]
    app.webhook_url = "https://elsewhere.example/hooks"

    found = wrong(await examined(both, {"GITHUB_APP_SLUG": "another"}))

    assert "lacks pull_requests: read, emails: read" in found["permissions"]
    assert (
        f"{both.sandbox.url}/organizations/orbital-works/settings/apps/crewkit/permissions"
        in found["permissions"]
    )
    assert "not subscribed to public, pull_request, repository" in found["events"]
    assert "Deliveries go to https://elsewhere.example/hooks" in found["webhook"]
    assert "GITHUB_APP_SLUG is another" in found["github app"]


async def test_deliveries_that_are_refused_name_the_secret(both: ServiceAtSandbox) -> None:
    """GitHub's log has our answers."""
    await both.start("api")
    app = both.sandbox.world.apps[both.sandbox.app.id]
    app.webhook_secret = "another"
    await both.push(1)

    found = wrong(await examined(both))

    assert "Invalid HTTP Response: 401" in found["deliveries"]
    assert "GITHUB_WEBHOOK_SECRETS" in found["deliveries"]


async def test_a_service_started_as_an_app_that_was_just_registered(
    both: ServiceAtSandbox, tmp_path: Path
) -> None:
    """The file is all it takes: deliveries of the new app are accepted, and nothing is wrong with it."""
    file = tmp_path / "app.env"
    wished = ("--public-url", both.service.url, "--name", "Fresh")
    async with registering(both.sandbox, file, *wished) as registration:
        await registration.browser.get(await registration.create())
        status, said = await registration.ended()
    assert status == 0, said
    variables = read(file)
    api = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.cli.main", "api"), env=both.service.environment | variables
    )
    try:
        await until(partial(_is_ready, both.service.url), seconds=20)
        await both.sandbox.act(MARA, "install", app="fresh", account=MARA)
        await both.sandbox.delivered()
    finally:
        api.terminate()
        await api.wait()

    findings = await examined(both, {n.removeprefix("CREWKIT_GIT_"): v for n, v in variables.items()})

    assert wrong(findings).keys() == {"worker"}
    assert both.ledger.rows("SELECT event_type, action FROM git_webhook_events") == [
        ("installation", "created")
    ]
    assert [one.message for one in findings if one.about == "github app"] == [
        f"Fresh answers to our key: {both.sandbox.url}/apps/fresh"
    ]


async def _is_ready(url: str) -> bool:
    await asyncio.sleep(0.02)
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        try:
            return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx.ConnectError:
            return False


async def test_nobody_processes(both: ServiceAtSandbox, redis_url: str) -> None:
    """No worker, and what waits since; one that listens is seen without any of its processes' help."""
    await both.start("api")
    await both.push(1)
    both.ledger.run("UPDATE git_webhook_events SET created_at = now() - interval '10 minutes'")

    silent = await examined(both)
    async with listening(redis_url):
        heard = await examined(both)

    found = wrong(silent)
    assert "Start `crewkit-git worker`" in found["worker"]
    assert "waiting for 10 minutes" in found["backlog"]
    assert levels(silent, "scheduler") == [Level.WARN]
    assert levels(heard, "worker") == [Level.OK]


async def test_keys_that_are_published_are_read(both: ServiceAtSandbox) -> None:
    """An address where there are none is told."""
    published = {"AUTH_PUBLIC_KEY": None, "AUTH_JWKS_URL": f"{both.sandbox.url}/keys"}
    found = wrong(await examined(both, published))
    assert "(status " in found["access tokens"]


async def test_a_private_key_that_is_none(both: ServiceAtSandbox) -> None:
    """Is said without a word of it."""
    broken = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----"
    findings = await examined(both, {"GITHUB_PRIVATE_KEY": broken})

    assert "no PEM private key" in wrong(findings)["github app"]
    assert "hunter2" not in as_text(findings)


async def test_settings_that_are_wrong_are_all_told(both: ServiceAtSandbox) -> None:
    """And the checks that can be made are."""
    findings = await examined(both, {"HTTP_ADDR": "nowhere", "REDIS_URL": None})

    assert [one.message.partition(":")[0] for one in findings if one.about == "settings"] == [
        "CREWKIT_GIT_HTTP_ADDR",
        "CREWKIT_GIT_REDIS_URL",
    ]
    assert levels(findings, "database", "redis") == [Level.OK, Level.NOTE]
