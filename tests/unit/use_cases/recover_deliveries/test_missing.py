"""A delivery that the provider could not deliver is stored once."""

from datetime import timedelta

from core.domain.provider import Capabilities
from core.domain.provider_errors import ProviderUnavailable
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries
from testing.builders.entities import PROVIDER, build_delivery
from testing.memory.provider import FakeProvider
from tests.support.scenarios.recovery import Recovery


async def test_stores_missing_deliveries_once(recovery: Recovery) -> None:
    """Marked as recovered, with the provider's text as payload, and due."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(10)]
    report = await recovery.run()
    assert recovery.list_recovered() == guids
    assert (report.looked_at, report.found, report.recovered) == (10, {"push": 10}, 10)
    assert (report.missing, report.stopped_by, report.is_complete) == (0, None, True)
    assert report.compared_until == recovery.now - timedelta(minutes=51)
    assert recovery.processing.statuses() == ["pending"] * 10
    assert recovery.processing.bell.notified_lanes
    assert recovery.processing.metrics.recovered_deliveries == 10
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 0)
    assert recovery.provider.state.redelivered == []
    again = await recovery.run()
    assert (again.found, again.recovered, len(recovery.list_recovered())) == ({}, 0, 10)


async def test_stored_events_decide_what_is_missing(recovery: Recovery) -> None:
    """Not the result in the provider's log."""
    lost = recovery.log(succeeded=True)
    kept = recovery.log(succeeded=False)
    await recovery.processing.receive(build_delivery(delivery_id=kept))
    await recovery.run()
    assert recovery.list_recovered() == [lost]


async def test_skips_recent_deliveries(recovery: Recovery) -> None:
    """For a minute; the mark has not passed them."""
    young = recovery.log(ago=timedelta(seconds=50))
    report = await recovery.run()
    assert (report.found, report.looked_at, report.too_young) == ({}, 1, 1)
    recovery.later(minutes=5)
    assert (await recovery.run()).too_young == 0
    assert recovery.list_recovered() == [young]


async def test_attempts_of_one_delivery_count_once(recovery: Recovery) -> None:
    """With the position of the first; the last is fetched."""
    first = recovery.log(ago=timedelta(hours=3), body=None)
    second = recovery.log(ago=timedelta(hours=2))
    recovery.log(ago=timedelta(hours=1), guid=first)
    await recovery.run()
    assert recovery.list_recovered() == [first, second]


async def test_stores_a_delivery_that_arrives_during_recovery_once(recovery: Recovery) -> None:
    """Between log and fetch, and between fetch and append."""
    early, late = recovery.log(ago=timedelta(hours=2)), recovery.log()

    async def arrive(call: str) -> None:
        if call == "get_delivery":
            for guid in (early, late):
                await recovery.processing.receive(build_delivery(delivery_id=guid))

    recovery.provider.before = arrive
    report = await recovery.run()
    assert recovery.processing.statuses() == ["pending"] * 2
    assert recovery.list_recovered() == []
    assert (report.recovered, report.missing) == (0, 0)


async def test_runs_once_at_a_time(recovery: Recovery) -> None:
    """The second ends at once with the reason."""
    recovery.log()
    reports = []

    async def come_too(call: str) -> None:
        if call == "list_deliveries":
            recovery.provider.before = None
            reports.append(await recovery.run())

    recovery.provider.before = come_too
    assert (await recovery.run()).is_complete
    assert [(report.stopped_by, report.is_complete) for report in reports] == [("held_elsewhere", False)]


async def test_dry_run_changes_nothing(recovery: Recovery) -> None:
    """It reports what a run would recover."""
    recovery.log()
    recovery.log(event="star")
    report = await recovery.run(dry_run=True)
    assert (report.found, report.missing, report.is_complete) == ({"push": 1, "star": 1}, 2, False)
    assert recovery.list_recovered() == []
    assert (await recovery.state()).compared_at is None
    assert (await recovery.run()).recovered == 2
    assert (await recovery.run(dry_run=True)).is_complete


async def test_skips_a_provider_without_a_log(recovery: Recovery) -> None:
    """And reports it."""
    quiet = FakeProvider(
        recovery.clock,
        name="quiet",
        capabilities=Capabilities(installation_requests=True, delivery_log=False, user_emails=True),
    )
    parts = recovery.recover
    recover = RecoverDeliveries(
        parts.unit_of_work,
        {"quiet": quiet, PROVIDER: recovery.provider},
        parts.compare,
        parts.fetch,
        parts.exclusion,
        parts.clock,
        parts.metrics,
    )
    reports = await recover()
    assert (reports["quiet"].stopped_by, reports["quiet"].is_complete) == ("no_delivery_log", True)
    assert reports[PROVIDER].stopped_by is None
    assert quiet.calls.total() == 0


async def test_publishes_the_delay(recovery: Recovery) -> None:
    """It grows while the log cannot be read."""
    await recovery.run()
    recovery.later(minutes=5)
    recovery.provider.fail("list_deliveries", ProviderUnavailable("status 500"))
    recovery.log()
    await recovery.run()
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 300)
