"""An outage of the provider or the database ends a run, and nothing is lost."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.deliveries.delivery import Receipt, VerifiedDelivery
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.provider_errors import AppRefused, ProviderUnavailable, RateLimited
from core.use_cases.deliveries.recover_deliveries import HELD_ELSEWHERE
from ports.event_queue import DeliveryLog
from testing.builders.entities import PROVIDER
from testing.memory.exclusion import MemoryExclusion
from tests.support.builders.domain import NOW
from tests.support.scenarios.recovery import Recovery

OUTAGES = [
    ProviderUnavailable("status 500"),
    RateLimited(NOW + timedelta(minutes=9), retry_after=540),
    AppRefused("wrong key"),
]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.code)
async def test_unreadable_log_keeps_the_mark(recovery: Recovery, outage: DomainError) -> None:
    """The next run starts at the same place."""
    guid = recovery.log()
    recovery.provider.fail("list_deliveries", outage)
    report = await recovery.run()
    assert (report.stopped_by, report.compared_until, report.is_complete) == (outage.code, None, False)
    await recovery.run()
    assert recovery.list_recovered() == [guid]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.code)
async def test_outage_of_the_provider_ends_the_run(recovery: Recovery, outage: DomainError) -> None:
    """No delivery counts as failed, and the next run continues."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(20)]

    async def break_down(call: str) -> None:
        if call == "get_delivery" and recovery.provider.calls[call] == 7:
            recovery.provider.fail("*", outage, times=None)

    recovery.provider.before = break_down
    report = await recovery.run()
    assert (report.stopped_by, report.failed) == (outage.code, 0)
    assert recovery.list_recovered() == guids[:6]
    assert recovery.provider.calls["redeliver"] == 0
    recovery.provider.before = None
    recovery.provider.heal()
    await recovery.run()
    assert recovery.list_recovered() == guids
    assert recovery.alerts == []


async def test_delivery_without_a_response_does_not_delay_others(recovery: Recovery) -> None:
    """It fails alone."""
    poison = recovery.log(ago=timedelta(hours=2))
    others = [recovery.log() for _ in range(9)]

    async def break_once(call: str) -> None:
        if call == "get_delivery" and recovery.provider.calls[call] in (1, 11):
            raise ProviderUnavailable("larger than 64 MiB")

    recovery.provider.before = break_once
    report = await recovery.run()
    assert recovery.list_recovered() == others
    assert (report.redelivered, report.missing, report.stopped_by) == (1, 1, None)
    recovery.later(minutes=5)
    assert (await recovery.run()).redelivered == 1
    recovery.later(minutes=20)
    assert (await recovery.run()).recovered == 1
    assert recovery.list_recovered()[-1] == poison


async def test_cancelled_run_publishes_the_delay(recovery: Recovery) -> None:
    """Otherwise the alert on the delay could not fire while every run exceeds its time limit."""
    await recovery.run()
    recovery.later(hours=2)

    async def cancel(_: str) -> None:
        raise asyncio.CancelledError

    recovery.provider.before = cancel
    with pytest.raises(asyncio.CancelledError):
        await recovery.run()
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 7200.0)


async def test_waiting_run_publishes_the_delay(recovery: Recovery) -> None:
    """The process that does not fetch publishes metrics, too; an old value would raise the alert."""
    await recovery.run()
    recovery.later(minutes=5)
    async with MemoryExclusion(recovery.processing.database).hold("recover_deliveries"):
        report = await recovery.run()
    assert report.stopped_by == HELD_ELSEWHERE
    assert recovery.processing.metrics.recoveries[PROVIDER] == (0, 300.0)


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


async def test_delivery_that_cannot_be_stored_does_not_delay_others(recovery: Recovery) -> None:
    """A redelivery would not help."""
    poison = recovery.log(ago=timedelta(hours=2))
    others = [recovery.log() for _ in range(5)]
    _breaking(recovery, poison, ValueError("a figure out of range"))
    report = await recovery.run()
    assert recovery.list_recovered() == others
    assert (report.failed, report.redelivered, report.missing) == (1, 0, 1)


async def test_storage_outage_loses_nothing(recovery: Recovery) -> None:
    """Missing deliveries stay missing."""
    guids = [recovery.log(ago=timedelta(minutes=60 - number)) for number in range(10)]
    _breaking(recovery, guids[6], StorageUnavailable("gone"))
    with pytest.raises(StorageUnavailable):
        await recovery.run()
    assert recovery.list_recovered() == guids[:6]
    _breaking(recovery, "none", ValueError())
    await recovery.run()
    assert sorted(recovery.list_recovered()) == sorted(guids)
