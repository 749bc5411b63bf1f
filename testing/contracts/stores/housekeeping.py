import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from core.domain.events.event import EventResult, EventStatus
from core.domain.integrations.integration import IntegrationStatus
from ports.events import EventFilter
from ports.housekeeping import BacklogGauges
from testing.builders.entities import build_domain_event, now, time_ago
from testing.contracts.store_stage import StoreStage

FORGOTTEN_AFTER = timedelta(hours=1)
NOW = now()


async def record_fault(stage: StoreStage, fault: str = "a", at: datetime = NOW) -> bool:
    """Record a fault, commit, and return whether it was new."""
    async with stage.unit_of_work() as tx:
        is_new = await tx.housekeeping.record_fault(fault, at=at, forgotten_before=at - FORGOTTEN_AFTER)
        await tx.commit()
    return is_new


class HousekeepingStoreContract:
    """What every housekeeping store guarantees."""

    async def test_counts_each_backlog_gauge(self, stage: StoreStage) -> None:
        """All gauges of an empty store are 0; suspended integrations do not count for the oldest sync."""
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.count_backlog(now=now()) == BacklogGauges()
        await stage.add_integration(synced_at=time_ago(minutes=2))
        await stage.add_integration(provider_id="2", synced_at=time_ago(minutes=1))
        await stage.add_integration(provider_id="3", status=IntegrationStatus.SUSPENDED, synced_at=time_ago(days=9))
        events = [await stage.add_event() for _ in range(5)]
        await stage.record_results(EventResult(events[0].id, EventStatus.FAILED))
        await stage.record_results(EventResult(events[1].id, EventStatus.UNROUTED))
        await stage.record_results(EventResult(events[2].id, EventStatus.PROCESSED))
        async with stage.unit_of_work() as tx:
            gauges = await tx.housekeeping.count_backlog(now=now())
        assert 119 < gauges.oldest_sync_seconds < 125
        assert replace(gauges, oldest_sync_seconds=0.0) == BacklogGauges(
            pending_events=2, failed_events=1, unrouted_events=1, suspended_integrations=1
        )

    async def test_a_fault_is_new_once(self, stage: StoreStage) -> None:
        """Each fault is new on its own."""
        assert [await record_fault(stage), await record_fault(stage), await record_fault(stage, "b")] == [
            True,
            False,
            True,
        ]

    async def test_a_fault_is_new_again_after_a_quiet_period(self, stage: StoreStage) -> None:
        """Each occurrence restarts the period, and an earlier time does not shorten it."""
        for minutes, is_new in ((0, True), (50, False), (100, False), (161, True), (120, False)):
            assert await record_fault(stage, at=NOW + timedelta(minutes=minutes)) is is_new

    async def test_a_fault_is_new_again_after_its_end(self, stage: StoreStage) -> None:
        """Ending a fault that was not recorded changes nothing."""
        await record_fault(stage)
        for fault in ("a", "never"):
            async with stage.unit_of_work() as tx:
                await tx.housekeeping.end_fault(fault)
                await tx.commit()
        assert await record_fault(stage)

    async def test_a_fault_is_new_for_one_of_twenty_processes(self, stage: StoreStage) -> None:
        """Only one process sends the alert."""
        assert sum(await asyncio.gather(*(record_fault(stage) for _ in range(20)))) == 1

    async def test_a_fault_without_a_commit_is_still_new(self, stage: StoreStage) -> None:
        """A process that fails before it sends the alert does not suppress the alert of another."""
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.record_fault("a", at=NOW, forgotten_before=NOW)
        assert await record_fault(stage)

    async def test_stores_the_latest_use_of_each_secret(self, stage: StoreStage) -> None:
        """A later use replaces an earlier one, and an earlier one changes nothing."""
        early, late = time_ago(hours=2), time_ago(hours=1)
        for uses in ({}, {"a": early, "b": late}, {"a": late}, {"b": early}):
            async with stage.unit_of_work() as tx:
                await tx.housekeeping.record_secret_uses(uses)
                await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.load_secret_uses() == {"a": late, "b": late}

    async def test_twenty_processes_record_secret_uses_at_once(self, stage: StoreStage) -> None:
        """Whatever the order, the latest use of each is kept."""
        times = [time_ago(minutes=minutes) for minutes in range(20)]

        async def record(number: int) -> None:
            fingerprints = ("a", "b", "c") if number % 2 else ("c", "b", "a")
            async with stage.unit_of_work() as tx:
                await tx.housekeeping.record_secret_uses(dict.fromkeys(fingerprints, times[number]))
                await tx.commit()

        await asyncio.gather(*(record(number) for number in range(20)))
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.load_secret_uses() == dict.fromkeys("abc", times[0])

    async def test_expires_old_payloads_in_pieces(self, stage: StoreStage) -> None:
        """The oldest events come first, and each event is checked once."""
        old = [await stage.add_event(received_at=time_ago(days=10, minutes=-number)) for number in range(5)]
        young = await stage.add_event()
        for event in (*old[:4], young):
            await stage.record_results(EventResult(event.id, EventStatus.PROCESSED))
        checked = []
        for _ in range(4):
            async with stage.unit_of_work() as tx:
                checked.append(await tx.housekeeping.expire_payloads(before=time_ago(days=9), limit=2))
                await tx.commit()
        assert checked == [2, 2, 1, 0]
        async with stage.unit_of_work() as tx:
            kept = [await tx.events.has_payload(event.id) for event in (*old, young)]
            assert kept == [False] * 4 + [True] * 2, "pending events keep their payload"
            assert [item.id for item in await tx.events.list(EventFilter(), limit=10)] == [
                event.id for event in (young, *old[::-1])
            ]

    async def test_deletes_old_events_that_are_not_pending(self, stage: StoreStage) -> None:
        """A pending event is still to be processed."""
        old = [await stage.add_event(received_at=time_ago(days=10)) for _ in range(3)]
        young = await stage.add_event()
        for event in (*old[:2], young):
            await stage.record_results(EventResult(event.id, EventStatus.PROCESSED))
        counts = []
        for _ in range(2):
            async with stage.unit_of_work() as tx:
                counts.append(await tx.housekeeping.delete_events(before=time_ago(days=9), limit=10))
                await tx.commit()
        assert counts == [2, 0]
        async with stage.unit_of_work() as tx:
            left = [item.id for item in await tx.events.list(EventFilter(), limit=10)]
        assert left == [young.id, old[2].id]

    async def test_deletes_old_domain_events_except_the_newest(self, stage: StoreStage) -> None:
        """The newest one shows whether a subscriber's cursor is from this database."""

        async def delete(before: datetime, limit: int) -> tuple[int, list[int]]:
            async with stage.unit_of_work() as tx:
                count = await tx.housekeeping.delete_domain_events(before=before, limit=limit)
                await tx.commit()
            async with stage.unit_of_work() as tx:
                return count, [item.id for item in await tx.domain_events.list_after(0, limit=10)]

        assert await delete(now() + timedelta(hours=1), 2) == (0, [])
        organization = await stage.add_organization()
        for _ in range(5):
            async with stage.unit_of_work() as tx:
                await tx.domain_events.append([build_domain_event(organization)])
                await tx.commit()
        async with stage.unit_of_work() as tx:
            first, *rest = await tx.domain_events.list_after(0, limit=10)
        ids = [item.id for item in rest]
        assert await delete(rest[0].recorded_at, 10) == (1, ids), first.id
        later = now() + timedelta(hours=1)
        assert await delete(later, 2) == (2, ids[2:])
        assert await delete(later, 10) == (1, ids[3:])
        assert await delete(later, 10) == (0, ids[3:])
