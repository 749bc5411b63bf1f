"""What it finds out about GitHub, and how our App is registered there."""

import pytest

from entrypoints.doctor.findings import Level
from sandbox.faults import Fault, FaultKind
from tests.support.clients.doctor import levels, run_doctor, wrong
from tests.support.servers.service_with_sandbox import ServiceAtSandbox


async def test_reports_a_rejected_key_once(both: ServiceAtSandbox) -> None:
    """Checks that need the key are reported as skipped."""
    both.fault(Fault(FaultKind.KEY_REFUSED))
    findings = await run_doctor(both)

    assert "Generate a private key" in wrong(findings)["github app"]
    assert levels(findings, "webhook", "deliveries", "github clock") == [Level.NOTE, Level.NOTE, Level.OK]


@pytest.mark.parametrize("name", ["GITHUB_CLIENT_SECRET", "GITHUB_CLIENT_ID"])
async def test_reports_a_rejected_client_secret(both: ServiceAtSandbox, name: str) -> None:
    """With its settings. The key is another credential and passes. The check changes nothing."""
    before = dict(both.sandbox.data.user_tokens)
    well = await run_doctor(both)
    found = wrong(await run_doctor(both, {name: "mistyped"}))

    assert levels(well, "client secret") == [Level.OK]
    assert "CREWKIT_GIT_GITHUB_CLIENT_SECRET" in found["client secret"]
    assert "mistyped" not in found["client secret"]
    assert both.sandbox.data.user_tokens == before


async def test_reports_an_outage_of_github_once(both: ServiceAtSandbox) -> None:
    """With the place to check."""
    both.fault(Fault(FaultKind.ERROR, status=502))
    findings = await run_doctor(both)

    assert "githubstatus.com" in wrong(findings)["github app"]
    assert levels(findings, "client secret", "webhook", "deliveries", "github clock") == [Level.NOTE] * 4


@pytest.mark.parametrize("kind", [FaultKind.PRIMARY_LIMIT, FaultKind.SECONDARY_LIMIT])
async def test_rate_limit_is_not_a_network_problem(both: ServiceAtSandbox, kind: FaultKind) -> None:
    both.fault(Fault(kind, seconds=60))
    problem = wrong(await run_doctor(both))["github app"]

    assert "rate limit is exhausted" in problem
    assert "Wait until GitHub resets the rate limit" in problem
    assert "can reach" not in problem


@pytest.mark.parametrize(("seconds", "level"), [(45, Level.WARN), (-3600, Level.FAIL)])
async def test_reports_a_clock_that_differs_from_github(both: ServiceAtSandbox, seconds: float, level: Level) -> None:
    """Although the adapter corrects for it; the app passes."""
    both.fault(Fault(FaultKind.SKEWED_CLOCK, seconds=seconds))
    findings = await run_doctor(both)

    assert levels(findings, "github clock", "github app") == [level, Level.OK]


async def test_reports_an_app_with_another_registration(both: ServiceAtSandbox) -> None:
    """Permissions, events, webhook and settings of another app, each with its remedy."""
    app = both.sandbox.data.apps[both.sandbox.app.id]
    app.permissions = {"contents": "write", "metadata": "read"}
    app.events = ["push"]
    app.webhook_url = "https://elsewhere.example/hooks"

    found = wrong(await run_doctor(both, {"GITHUB_APP_SLUG": "another"}))

    assert "lacks pull_requests: read, emails: read" in found["permissions"]
    assert f"{both.sandbox.url}/organizations/orbital-works/settings/apps/crewkit/permissions" in found["permissions"]
    assert "not subscribed to public, pull_request, repository" in found["events"]
    assert "The webhook URL is https://elsewhere.example/hooks" in found["webhook"]
    assert "GITHUB_APP_SLUG is another" in found["github app"]


async def test_names_the_secret_if_deliveries_are_rejected(both: ServiceAtSandbox) -> None:
    """GitHub's log has the responses of this service."""
    await both.start("api")
    app = both.sandbox.data.apps[both.sandbox.app.id]
    app.webhook_secret = "another"
    await both.push(1)

    found = wrong(await run_doctor(both))

    assert "Invalid HTTP Response: 401" in found["deliveries"]
    assert "GITHUB_WEBHOOK_SECRETS" in found["deliveries"]
