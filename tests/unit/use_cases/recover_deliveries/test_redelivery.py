"""What cannot be fetched is asked to be sent again, and given up in the end."""

from datetime import timedelta

import pytest

from core.domain.provider_errors import NotVisible
from testing.builders.entities import build_delivery
from tests.support.scenarios.recovery import Recovery


async def test_requests_redelivery_of_a_delivery_without_a_payload(recovery: Recovery) -> None:
    """It delays no other, and arrives as a webhook."""
    gone = recovery.log(ago=timedelta(hours=2), body=None)
    others = [recovery.log() for _ in range(5)]
    report = await recovery.run()
    assert recovery.list_recovered() == others
    assert (report.redelivered, report.failed, report.missing) == (1, 1, 1)
    assert recovery.provider.state.redelivered == [100]
    assert recovery.paused == [1.0]
    await recovery.processing.receive(build_delivery(delivery_id=gone))
    recovery.later(minutes=5)
    report = await recovery.run()
    assert (report.missing, report.is_complete) == (0, True)
    assert recovery.alerts == []


async def test_alerts_once_about_a_delivery_that_never_arrives(recovery: Recovery) -> None:
    """At the third attempt; later attempts are rarer, while the log has it."""
    guid = recovery.log(body=None)
    for minutes in (0, 5, 20):
        recovery.later(minutes=minutes)
        await recovery.run()
    log_line = ("deliveries_not_recovered", "not_visible_on_provider", guid, 1)
    assert [(code, *map(facts.get, ("reason", "delivery_id", "missing"))) for code, facts in recovery.alerts] == [
        log_line
    ]
    for _ in range(12 * 5):
        recovery.later(minutes=5)
        await recovery.run()
    assert len(recovery.provider.state.redelivered) == 3 + 5
    assert len(recovery.alerts) == 1
    assert (await recovery.state()).missing == 1


async def test_gives_up_a_delivery_that_left_the_log(recovery: Recovery) -> None:
    """With one alert."""
    recovery.log(body=None)
    recovery.provider.fail("redeliver", NotVisible("gone"), times=None)
    report = await recovery.run()
    assert (report.missing, report.given_up, report.is_complete) == (0, 1, True)
    for _ in range(3):
        recovery.later(minutes=3)
        await recovery.run()
    assert [code for code, _ in recovery.alerts] == ["deliveries_not_recovered"]
    assert recovery.provider.calls["get_delivery"] == 1
    recovery.provider.state.deliveries.clear()
    recovery.later(days=15)
    assert (await recovery.run()).given_up == 0


@pytest.mark.parametrize(("body", "reason"), [(b"{", "body_not_json"), (b"[]", "body_without_payload")])
async def test_gives_up_an_unreadable_delivery(recovery: Recovery, body: bytes, reason: str) -> None:
    """A redelivery would be rejected, too."""
    recovery.log(body=body)
    well = recovery.log()
    report = await recovery.run()
    assert recovery.list_recovered() == [well]
    assert report.given_up == 1
    assert recovery.provider.state.redelivered == []
    [(_, facts)] = recovery.alerts
    assert facts["reason"] == reason


async def test_limits_redelivery_requests_per_run(recovery: Recovery) -> None:
    """Each takes a second and five calls; failed ones wait for others."""
    for number in range(50):
        recovery.log(ago=timedelta(hours=2), body=None if number < 45 else b"{}")
    report = await recovery.run()
    assert (report.failed, report.redelivered, report.recovered) == (20, 20, 0)
    assert report.stopped_by == "too_many_failures"
    for _ in range(2):
        report = await recovery.run()
    assert (report.recovered, report.stopped_by) == (5, None)
