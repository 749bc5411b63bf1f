"""What the provider could not deliver is found in its log: all of it, once, what matters first."""

from datetime import timedelta

import pytest

from adapters.memory.provider import FakeProvider
from core.domain.deliveries import Receipt, VerifiedDelivery
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.provider import (
    AppRefused,
    Capabilities,
    NotVisible,
    ProviderUnavailable,
    RateLimited,
)
from core.use_cases.recovery.recover import RecoverDeliveries
from ports.delivery_log import DeliveryLog
from tests.support.builders import PROVIDER, a_delivery
from tests.support.domain import NOW
from tests.support.recovery import Recovery

OUTAGES = [
    ProviderUnavailable("status 500"),
    RateLimited(NOW + timedelta(minutes=9), retry_after=540),
    AppRefused("wrong key"),
]


@pytest.fixture
def recovery() -> Recovery:
    """Give an empty ledger and an empty log."""
    return Recovery()


async def test_what_is_missing_comes_into_the_ledger_once(recovery: Recovery) -> None:
    """Marked as recovered, with the provider's text as its payload, and due."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(10)]
    report = await recovery.run()
    assert recovery.recovered() == guids
    assert (report.looked_at, report.found, report.recovered) == (10, {"push": 10}, 10)
    assert (report.missing, report.stopped_by, report.is_complete) == (0, None, True)
    assert report.compared_until == recovery.now - timedelta(minutes=51)
    assert recovery.processing.statuses() == ["pending"] * 10
    assert recovery.processing.bell.rung
    assert recovery.processing.metrics.recovered_deliveries == 10
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 0)
    assert recovery.provider.world.redelivered == []
    again = await recovery.run()
    assert (again.found, again.recovered, len(recovery.recovered())) == ({}, 0, 10)


async def test_our_ledger_decides_and_not_the_providers_word(recovery: Recovery) -> None:
    """What was answered with success and is not here is missing; what failed there and is here is not."""
    lost = recovery.log(succeeded=True)
    kept = recovery.log(succeeded=False)
    await recovery.processing.receive(a_delivery(delivery_id=kept))
    await recovery.run()
    assert recovery.recovered() == [lost]


async def test_one_that_may_be_on_its_way_is_left_alone(recovery: Recovery) -> None:
    """For a minute; then it is missing, and the mark has not passed it."""
    young = recovery.log(ago=timedelta(seconds=50))
    report = await recovery.run()
    assert (report.found, report.looked_at, report.too_young) == ({}, 1, 1)
    recovery.later(minutes=5)
    assert (await recovery.run()).too_young == 0
    assert recovery.recovered() == [young]


async def test_several_attempts_are_one_delivery(recovery: Recovery) -> None:
    """Its place is that of the first, and the last is asked for."""
    first = recovery.log(ago=timedelta(hours=3), body=None)
    second = recovery.log(ago=timedelta(hours=2))
    recovery.log(ago=timedelta(hours=1), guid=first)
    await recovery.run()
    assert recovery.recovered() == [first, second]


async def test_the_log_is_read_to_the_mark_and_a_little_further(recovery: Recovery) -> None:
    """Ten minutes, since entries appear late; what was there before is not read again."""
    for number in range(300):
        recovery.log(ago=timedelta(hours=2, seconds=300 - number))
    await recovery.run()
    late = recovery.log(ago=timedelta(hours=2, minutes=9))
    too_late = recovery.log(ago=timedelta(hours=2, minutes=11))
    report = await recovery.run()
    assert recovery.recovered()[300:] == [late]
    assert report.looked_at == 301
    assert too_late not in recovery.recovered()
    assert (await recovery.run(since=timedelta(hours=3))).recovered == 1
    assert too_late in recovery.recovered()


async def test_a_single_late_entry_does_not_end_the_reading(recovery: Recovery) -> None:
    """A log is ordered by when deliveries were made, and one may have been sent long after."""
    recovery.log(ago=timedelta(minutes=20))
    await recovery.run()
    held_up = recovery.log(ago=timedelta(minutes=15))
    for _ in range(100):
        recovery.log(ago=timedelta(hours=5))
    await recovery.run()
    assert recovery.recovered()[1:] == [held_up]


async def test_a_look_that_is_asked_for_never_looks_less_far(recovery: Recovery) -> None:
    """Else what lies between would be skipped for ever."""
    old = recovery.log(ago=timedelta(days=2))
    await recovery.run(since=timedelta(minutes=5))
    assert recovery.recovered() == [old]


async def test_what_we_act_on_comes_first_and_a_run_has_an_end(recovery: Recovery) -> None:
    """Of 7,000, the 270 that matter are here after the first run, in order; the rest follows run by run."""
    relevant = []
    for number in range(7000):
        matters = number % 26 == 0
        guid = recovery.log(
            ago=timedelta(seconds=90_000 - number), event="push" if matters else "workflow_job"
        )
        if matters:
            relevant.append(guid)
    assert len(relevant) == 270
    report = await recovery.run()
    assert recovery.recovered()[:270] == relevant
    assert (report.looked_at, report.recovered, report.missing) == (7000, 600, 6400)
    assert not report.is_complete
    assert recovery.provider.calls["delivery_payload"] == 600
    recovery.later(minutes=5)
    report = await recovery.run()
    assert (report.found, report.recovered, report.missing) == ({}, 600, 5800)
    assert recovery.provider.calls["delivery_payload"] == 1200


async def test_half_of_the_apps_calls_are_left_to_others(recovery: Recovery) -> None:
    """Tokens are minted with them, and customers wait for those."""
    for _ in range(10):
        recovery.log()
    recovery.provider.world.calls_left = 0.49
    report = await recovery.run()
    assert (report.recovered, report.missing, report.stopped_by) == (0, 10, "calls_used_up")
    recovery.provider.world.calls_left = 0.51
    assert (await recovery.run()).is_complete


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.code)
async def test_a_log_that_cannot_be_read_leaves_the_mark(recovery: Recovery, outage: DomainError) -> None:
    """Nothing is skipped; the next run begins where this one did."""
    guid = recovery.log()
    recovery.provider.fail("deliveries", outage)
    report = await recovery.run()
    assert (report.stopped_by, report.compared_until, report.is_complete) == (outage.code, None, False)
    await recovery.run()
    assert recovery.recovered() == [guid]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.code)
async def test_a_provider_that_stops_answering_ends_the_run(recovery: Recovery, outage: DomainError) -> None:
    """It is no delivery's fault: none is counted as failed, and the next run goes on with it."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(20)]

    async def break_down(call: str) -> None:
        if call == "delivery_payload" and recovery.provider.calls[call] == 7:
            recovery.provider.fail("*", outage, times=None)

    recovery.provider.before = break_down
    report = await recovery.run()
    assert (report.stopped_by, report.failed) == (outage.code, 0)
    assert recovery.recovered() == guids[:6]
    assert recovery.provider.calls["redeliver"] == 0
    recovery.provider.before = None
    recovery.provider.heal()
    await recovery.run()
    assert recovery.recovered() == guids
    assert recovery.alerts == []


async def test_one_without_a_payload_is_asked_to_be_sent_again(recovery: Recovery) -> None:
    """It holds up no other, and arrives as any webhook does."""
    gone = recovery.log(ago=timedelta(hours=2), body=None)
    others = [recovery.log() for _ in range(5)]
    report = await recovery.run()
    assert recovery.recovered() == others
    assert (report.redelivered, report.failed, report.missing) == (1, 1, 1)
    assert recovery.provider.world.redelivered == [100]
    assert recovery.paused == [1.0]
    await recovery.processing.receive(a_delivery(delivery_id=gone))
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
    assert [
        (code, *map(facts.get, ("reason", "delivery_id", "missing"))) for code, facts in recovery.alerts
    ] == [told]
    for _ in range(12 * 5):
        recovery.later(minutes=5)
        await recovery.run()
    assert len(recovery.provider.world.redelivered) == 3 + 5
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
    assert recovery.provider.calls["delivery_payload"] == 1
    recovery.provider.world.deliveries.clear()
    recovery.later(days=15)
    assert (await recovery.run()).given_up == 0


@pytest.mark.parametrize(("body", "reason"), [(b"{", "body_not_json"), (b"[]", "body_without_payload")])
async def test_one_that_cannot_be_read_is_given_up(recovery: Recovery, body: bytes, reason: str) -> None:
    """The log would say the same tomorrow, and a webhook of it would be refused as well."""
    recovery.log(body=body)
    well = recovery.log()
    report = await recovery.run()
    assert recovery.recovered() == [well]
    assert report.given_up == 1
    assert recovery.provider.world.redelivered == []
    [(_, facts)] = recovery.alerts
    assert facts["reason"] == reason


async def test_one_that_breaks_the_provider_holds_up_no_other(recovery: Recovery) -> None:
    """An answer that never comes for this one alone is this one's failure."""
    poison = recovery.log(ago=timedelta(hours=2))
    others = [recovery.log() for _ in range(9)]

    async def break_once(call: str) -> None:
        if call == "delivery_payload" and recovery.provider.calls[call] in (1, 11):
            raise ProviderUnavailable("larger than 64 MiB")

    recovery.provider.before = break_once
    report = await recovery.run()
    assert recovery.recovered() == others
    assert (report.redelivered, report.missing, report.stopped_by) == (1, 1, None)
    recovery.later(minutes=5)
    assert (await recovery.run()).redelivered == 1
    recovery.later(minutes=20)
    assert (await recovery.run()).recovered == 1
    assert recovery.recovered()[-1] == poison


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


class _SometimesBroken(DeliveryLog):
    def __init__(self, behind: DeliveryLog, broken: str, error: Exception) -> None:
        self._behind = behind
        self._broken = broken
        self._error = error

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        if delivery.delivery_id == self._broken:
            raise self._error
        return await self._behind.append(delivery)


def _breaking(recovery: Recovery, guid: str, error: Exception) -> None:
    log = _SometimesBroken(recovery.processing.delivery_log, guid, error)
    object.__setattr__(recovery.processing.receive, "delivery_log", log)


async def test_one_the_ledger_cannot_take_holds_up_no_other(recovery: Recovery) -> None:
    """Whatever is wrong with it; sending it again would not help."""
    poison = recovery.log(ago=timedelta(hours=2))
    others = [recovery.log() for _ in range(5)]
    _breaking(recovery, poison, ValueError("a figure out of range"))
    report = await recovery.run()
    assert recovery.recovered() == others
    assert (report.failed, report.redelivered, report.missing) == (1, 0, 1)


async def test_storage_that_goes_away_loses_nothing(recovery: Recovery) -> None:
    """What was not kept stays missing."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(10)]
    _breaking(recovery, guids[6], StorageUnavailable("gone"))
    with pytest.raises(StorageUnavailable):
        await recovery.run()
    assert recovery.recovered() == guids[:6]
    _breaking(recovery, "none", ValueError())
    await recovery.run()
    assert sorted(recovery.recovered()) == sorted(guids)


async def test_one_that_arrives_meanwhile_is_kept_once(recovery: Recovery) -> None:
    """Between the look into the log and the fetch, and between the fetch and the append."""
    early, late = recovery.log(ago=timedelta(hours=2)), recovery.log()

    async def arrive(call: str) -> None:
        if call == "delivery_payload":
            for guid in (early, late):
                await recovery.processing.receive(a_delivery(delivery_id=guid))

    recovery.provider.before = arrive
    report = await recovery.run()
    assert recovery.processing.statuses() == ["pending"] * 2
    assert recovery.recovered() == []
    assert (report.recovered, report.missing) == (0, 0)


async def test_one_run_at_a_time(recovery: Recovery) -> None:
    """The second leaves at once and says why."""
    recovery.log()
    reports = []

    async def come_too(call: str) -> None:
        if call == "deliveries":
            recovery.provider.before = None
            reports.append(await recovery.run())

    recovery.provider.before = come_too
    assert (await recovery.run()).is_complete
    assert [(report.stopped_by, report.is_complete) for report in reports] == [("held_elsewhere", False)]


async def test_a_dry_run_changes_nothing(recovery: Recovery) -> None:
    """It tells what a run would find."""
    recovery.log()
    recovery.log(event="star")
    report = await recovery.run(dry_run=True)
    assert (report.found, report.missing, report.is_complete) == ({"push": 1, "star": 1}, 2, False)
    assert recovery.recovered() == []
    assert (await recovery.state()).compared_at is None
    assert (await recovery.run()).recovered == 2
    assert (await recovery.run(dry_run=True)).is_complete


async def test_a_provider_without_a_log_is_left_out(recovery: Recovery) -> None:
    """The feature is off there, and says so."""
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


async def test_how_far_behind_we_are_can_be_watched(recovery: Recovery) -> None:
    """The figure grows while the log cannot be read."""
    await recovery.run()
    recovery.later(minutes=5)
    recovery.provider.fail("deliveries", ProviderUnavailable("status 500"))
    recovery.log()
    await recovery.run()
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 300)
