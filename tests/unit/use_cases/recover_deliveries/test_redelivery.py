"""What cannot be fetched is asked to be sent again, and given up in the end."""

from datetime import timedelta

import pytest

from core.domain.provider_errors import NotVisible
from testing.builders.entities import build_delivery
from tests.support.scenarios.recovery import Recovery


async def test_one_without_a_payload_is_asked_to_be_sent_again(recovery: Recovery) -> None:
    """It holds up no other, and arrives as any webhook does."""
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


async def test_one_that_never_comes_is_told_and_tried_on(recovery: Recovery) -> None:
    """At the third attempt, once; later ones come more seldom, as long as the log has it."""
    guid = recovery.log(body=None)
    for minutes in (0, 5, 20):
        recovery.later(minutes=minutes)
        await recovery.run()
    told = ("deliveries_not_recovered", "not_visible_on_provider", guid, 1)
    assert [(code, *map(facts.get, ("reason", "delivery_id", "missing"))) for code, facts in recovery.alerts] == [told]
    for _ in range(12 * 5):
        recovery.later(minutes=5)
        await recovery.run()
    assert len(recovery.provider.state.redelivered) == 3 + 5
    assert len(recovery.alerts) == 1
    assert (await recovery.state()).missing == 1


async def test_one_the_log_has_lost_is_given_up(recovery: Recovery) -> None:
    """There is nobody left to ask: told once, and in nobody's way."""
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
async def test_one_that_cannot_be_read_is_given_up(recovery: Recovery, body: bytes, reason: str) -> None:
    """The log would say the same tomorrow, and a webhook of it would be refused as well."""
    recovery.log(body=body)
    well = recovery.log()
    report = await recovery.run()
    assert recovery.list_recovered() == [well]
    assert report.given_up == 1
    assert recovery.provider.state.redelivered == []
    [(_, facts)] = recovery.alerts
    assert facts["reason"] == reason


async def test_a_run_asks_for_so_many_again_and_no_more(recovery: Recovery) -> None:
    """Each costs a second and five calls' worth; those that failed then wait, and others have their turn."""
    for number in range(50):
        recovery.log(ago=timedelta(hours=2), body=None if number < 45 else b"{}")
    report = await recovery.run()
    assert (report.failed, report.redelivered, report.recovered) == (20, 20, 0)
    assert report.stopped_by == "too_many_failures"
    for _ in range(2):
        report = await recovery.run()
    assert (report.recovered, report.stopped_by) == (5, None)
