"""The whole report: of a service that is well, and where nothing is set up."""

import asyncio
import json
import os
import re
import sys
from functools import partial
from pathlib import Path

import httpx

from entrypoints.doctor.findings import Level
from tests.support.clients.doctor import levels, run_doctor, wrong
from tests.support.clients.register_app import read, run_registration
from tests.support.conditions import until
from tests.support.servers.fork_server import run_module
from tests.support.servers.sandbox import MARA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox

HEALTHY = """\
ok    settings             All COUNT settings are valid. The environment is production.
ok    outgoing calls       No proxy is used. Trusted certificates: BUNDLE.
ok    database             PostgreSQL VERSION responds.
ok    database clock       This machine's clock differs from the database server's clock by SECONDS s, \
which is fine.
ok    database writes      PostgreSQL stores changes.
ok    migrations           The database schema is at revision REVISION, the newest.
ok    backlog              No due webhook event was received more than TIME ago.
ok    scheduler            The provider's delivery log was last checked completely TIME ago.
ok    installation checks  No daily check is more than a day late (1 installation).
ok    encryption keys      COUNT. One value of each column and key was decrypted.
ok    webhook secrets      One secret is accepted, USED.
ok    app keys             The configured key is KEY, USED.
ok    installations        1 integration. All permissions are accepted.
ok    redis                Redis responds and stores data.
ok    worker               1 worker running.
ok    access tokens        Access tokens are verified with one public key (RS256).
ok    github app           GitHub accepts the private key. The app is crewkit: SANDBOX/apps/crewkit
ok    permissions          The app has exactly the permissions it needs: \
contents: read, metadata: read, pull_requests: read, emails: read.
ok    events               The app subscribes to the events it needs: public, pull_request, push, repository.
ok    client secret        GitHub accepts the client secret.
ok    github clock         This machine's clock differs from GitHub's clock by SECONDS s, which is fine.
ok    webhook              The webhook URL is SERVICE/api/v1/git/github/webhooks, the content type is json.
ok    deliveries           2 deliveries received, the last TIME ago.
note  callback urls        GitHub's API does not return callback URLs. \
Check that the app's page has these two, in this order: \
SERVICE/api/v1/git/github/callback and SERVICE/api/v1/user/git-connections/github/callback

No problems found in 23 checks.
"""


async def test_passes_for_a_working_service(both: ServiceAtSandbox) -> None:
    """Every process runs, and a push arrived. Each check reports its result, and none fails."""
    await both.start("api", "worker", "scheduler")
    granted = '{"contents": "read", "metadata": "read", "pull_requests": "read"}'
    both.event_store.run(f"UPDATE git_integrations SET sync_requested_at = now(), permissions = '{granted}'")
    await both.push(2)
    await both.until(lambda: both.event_store.value("SELECT synced_at FROM git_integrations"))
    await both.until(lambda: both.event_store.value("SELECT compared_at FROM git_recoveries"))
    await both.until(
        lambda: both.event_store.rows("SELECT status FROM git_webhook_events") == [("processed",), ("processed",)]
    )

    status, said = await both.run("doctor")

    assert status == 0, said
    said = said.replace(both.service.url, "SERVICE").replace(both.sandbox.url, "SANDBOX")
    for pattern, name in (
        (r"last used \d+ \w+ ago|not used yet \(the time of the last use is updated once a minute\)", "USED"),
        (r"(?<=clock by )[01](?= s,)", "SECONDS"),
        (r"SHA256:[\w+/=]+", "KEY"),
        (r"(?<=PostgreSQL )[\d.]+", "VERSION"),
        (r"(?<=revision )\d{4}", "REVISION"),
        (r"\d+ \w+(?= ago)", "TIME"),
        (r"\d+ encrypted values?", "COUNT"),
        (r"(?<=All )\d+", "COUNT"),
        (r"(?<=Trusted certificates: ).+(?=\.$)", "BUNDLE"),
    ):
        said = re.sub(pattern, name, said, flags=re.MULTILINE)
    assert said == HEALTHY


def test_lists_all_missing_settings(tmp_path: Path) -> None:
    """With the remedy, status 1, and as JSON."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    environment = {**inherited, "CREWKIT_GIT_HOME": str(tmp_path)}
    done = run_module("entrypoints.cli.main", "doctor", "--json", environment=environment)

    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    assert f"No running service was found: {tmp_path}/demo.json does not exist." in done.stderr
    failed = [one for one in report["findings"] if one["level"] == "fail"]
    assert {one["about"] for one in failed} == {"settings"}
    assert all(one["remedy"] for one in failed)


async def test_passes_for_a_newly_registered_app(both: ServiceAtSandbox, tmp_path: Path) -> None:
    """The file has all settings: deliveries of the new app are accepted, and no check fails."""
    file = tmp_path / "app.env"
    arguments = ("--public-url", both.service.url, "--name", "Fresh")
    async with run_registration(both.sandbox, file, *arguments) as registration:
        await registration.browser.get(await registration.create())
        status, said = await registration.wait_for_end()
    assert status == 0, said
    variables = read(file)
    api = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.cli.main", "api"), env=both.service.environment | variables
    )
    try:
        await until(partial(_is_ready, both.service.url), seconds=20)
        await both.sandbox.act(MARA, "install", app="fresh", account=MARA)
        await both.sandbox.wait_for_deliveries()
    finally:
        api.terminate()
        await api.wait()

    findings = await run_doctor(both, {n.removeprefix("CREWKIT_GIT_"): v for n, v in variables.items()})

    assert wrong(findings).keys() == {"worker"}
    assert both.event_store.rows("SELECT event_type, action FROM git_webhook_events") == [("installation", "created")]
    assert [one.message for one in findings if one.about == "github app"] == [
        f"GitHub accepts the private key. The app is Fresh: {both.sandbox.url}/apps/fresh"
    ]


async def _is_ready(url: str) -> bool:
    await asyncio.sleep(0.02)
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        try:
            return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx.ConnectError:
            return False


async def test_reports_all_invalid_settings(both: ServiceAtSandbox) -> None:
    """The other checks still run."""
    findings = await run_doctor(both, {"HTTP_ADDR": "nowhere", "REDIS_URL": None})

    assert [one.message.partition(":")[0] for one in findings if one.about == "settings"] == [
        "CREWKIT_GIT_HTTP_ADDR",
        "CREWKIT_GIT_REDIS_URL",
    ]
    assert levels(findings, "database", "redis") == [Level.OK, Level.NOTE]
