"""Outages of GitHub for minutes: suspensions, notifications, lists, and the recovery."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.streams.domain_event import DomainEventType
from sandbox.faults import Fault, FaultKind
from tests.support.scenarios.time_lapse import Hours, hours
from tests.support.servers.sandbox import INSTALLATION

MINTING = f"/app/installations/{INSTALLATION}/access_tokens"
TEN_MINUTES = 600


@pytest.fixture
async def connected(database_url: str) -> AsyncIterator[Hours]:
    """Give an organization whose token, minted an hour ago, ends just now."""
    async with hours(database_url) as hour:
        await hour.go_by(seconds=60)
        listed = (await hour.get("/repos")).json()
        assert (len(listed["data"]), listed["sync"]["state"]) == (2, "idle")
        hour.integration = await hour.now()
        hour.clock.advance(timedelta(minutes=58, seconds=30))
        yield hour


@pytest.mark.parametrize(
    ("fault", "code", "alerts"),
    [
        (Fault(FaultKind.ERROR, status=500), "provider_unavailable", []),
        (Fault(FaultKind.PRIMARY_LIMIT, seconds=TEN_MINUTES), "provider_rate_limited", []),
        (Fault(FaultKind.KEY_REFUSED), "provider_app_refused", ["app_refused"]),
    ],
    ids=["status_500", "rate_limit", "key_refused"],
)
async def test_outage_of_ten_minutes_suspends_no_integration(
    connected: Hours, fault: Fault, code: str, alerts: list[str]
) -> None:
    """Lists have their age, other requests get a retry time, and the service recovers by itself."""
    before = await connected.now()
    connected.fault(fault)
    assert (await connected.ask("POST", "/sync")).status_code == 202
    with structlog.testing.capture_logs() as logged:
        statuses = await connected.go_by(seconds=TEN_MINUTES)
    assert set(statuses) == {200}

    listed = (await connected.get("/repos")).json()
    other, known = sorted((row["id"] for row in listed["data"]), key=connected.repo_id.__eq__)
    assert listed["sync"]["age_seconds"] > 3600 + TEN_MINUTES - 120
    assert (listed["sync"]["state"], listed["sync"]["error"]) == ("failed", code)
    branches = (await connected.get(f"/repos/{known}/branches")).json()
    assert (branches["stale"], bool(branches["data"])) == (True, True)
    refused = await connected.get(f"/repos/{other}/branches")
    assert refused.status_code == 503
    assert refused.json()["code"] == code
    assert int(refused.headers["retry-after"]) > 0

    after = await connected.now()
    assert (after.status, after.status_changed_at) == (IntegrationStatus.ACTIVE, before.status_changed_at)
    assert await connected.status_steps() == []
    assert await connected.list_domain_events() == []
    assert [alert for alert, _ in connected.alerts.entries] == alerts
    assert _events(logged).count("provider_breaker_opened") == (code == "provider_unavailable")

    connected.fault()
    with structlog.testing.capture_logs() as logged:
        await connected.go_by(seconds=2 * TEN_MINUTES)
    assert _events(logged).count("provider_breaker_closed") == (code == "provider_unavailable")
    listed = (await connected.get("/repos")).json()
    assert (listed["sync"]["state"], listed["sync"]["error"]) == ("idle", None)
    assert listed["sync"]["age_seconds"] < 2 * TEN_MINUTES
    assert (await connected.get(f"/repos/{other}/branches")).json()["stale"] is False
    assert [alert for alert, _ in connected.alerts.entries] == alerts


async def test_suspends_a_rejected_installation_until_the_next_success(connected: Hours) -> None:
    """After three errors while GitHub accepts the app: one alert, one event."""
    connected.fault(Fault(FaultKind.KEY_REFUSED, path=MINTING))
    await connected.go_by(seconds=TEN_MINUTES)
    suspended = await connected.now()
    assert (suspended.status, suspended.status_reason) == (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED)
    assert [code for code, _ in connected.alerts.entries] == ["integration_suspended"]
    assert [event.type for event in await connected.list_domain_events()] == [DomainEventType.INTEGRATION_SUSPENDED]
    listed = await connected.get("/repos")
    assert (listed.status_code, len(listed.json()["data"])) == (200, 2)

    connected.fault()
    await connected.go_by(seconds=3600, step=60)
    assert (await connected.now()).status is IntegrationStatus.ACTIVE
    assert [code for code, _ in connected.alerts.entries] == ["integration_suspended"]
    assert [event.type for event in await connected.list_domain_events()] == [
        DomainEventType.INTEGRATION_SUSPENDED,
        DomainEventType.INTEGRATION_ACTIVATED,
    ]
    assert await connected.status_steps() == [["active", "suspended"], ["suspended", "active"]]
    assert (await connected.get("/repos")).json()["sync"]["state"] == "idle"


def _events(logged: list[Any]) -> list[str]:
    return [line["event"] for line in logged]
