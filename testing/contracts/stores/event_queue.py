import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventResult, EventStatus, Outcome, Verdict
from core.domain.identifiers import EventId, RepoId
from ports.events import EventFilter
from testing.builders.entities import INSTALLATION, now, time_ago
from testing.contracts.store_stage import StoreStage

SOURCE_KEY = str(INSTALLATION)
LANE = choose_lane(SOURCE_KEY)
# GitHub's are numbers; another provider's may look like numbers and still be text.
SOURCE_KEYS = ("42", "group:7", "Äpfel/日本", "007", str(2**63 - 1), str(2**63), "9" * 40)
_MUCH = 1 << 30


class EventQueueContract:
    """What every event queue guarantees."""

    async def test_lane_is_held_by_one(self, stage: StoreStage) -> None:
        """While one transaction holds a lane no other gets it, and others lanes are free."""
        async with stage.unit_of_work() as item, stage.unit_of_work() as two:
            assert await item.event_queue.try_lock(5)
            assert await item.event_queue.try_lock(5)
            assert not await two.event_queue.try_lock(5)
            assert await two.event_queue.try_lock(6)

    @pytest.mark.parametrize("commits", [True, False])
    async def test_lane_is_free_after_the_transaction(self, stage: StoreStage, commits: bool) -> None:
        """However a transaction ends, it lets its lanes go."""
        async with stage.unit_of_work() as tx:
            await tx.event_queue.lock(5)
            if commits:
                await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.try_lock(5)

    async def test_lost_holder_lets_go(self, stage: StoreStage) -> None:
        """A holder whose connection to the storage ended does not hold the lane."""
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.try_lock(5)
            await stage.lose_storage()
            with pytest.raises(StorageUnavailable):
                await tx.event_queue.try_lock(6)
        await stage.restore_storage()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.try_lock(5)

    async def test_lock_waits_for_the_holder(self, stage: StoreStage) -> None:
        """The next holder gets the lane after the first transaction, and sees its changes."""
        event = await stage.add_event()
        waiting = asyncio.Event()

        async def wait_and_look() -> EventStatus:
            async with stage.unit_of_work() as tx:
                waiting.set()
                await tx.event_queue.lock(LANE)
                [seen] = await tx.events.list(EventFilter(), limit=1)
                return seen.status

        async with stage.unit_of_work() as tx:
            await tx.event_queue.lock(LANE)
            task = asyncio.create_task(wait_and_look())
            await waiting.wait()
            await tx.event_queue.record_results([EventResult(event.id, EventStatus.PROCESSED)])
            assert not task.done()
            await tx.commit()
        assert await task is EventStatus.PROCESSED

    async def test_due_events_come_in_order_with_their_bytes(self, stage: StoreStage) -> None:
        """A lane's pending events come in the order received, each with what was signed, and no other's."""
        bodies = [b"one", b"\x00\xff not text", b""]
        events = [await stage.add_event(body=body, action="created") for body in bodies]
        await stage.add_event(source_key=_of_other_lane())
        await stage.record_results(EventResult((await stage.add_event()).id, EventStatus.IGNORED))
        async with stage.unit_of_work() as tx:
            due = await tx.event_queue.list_due(LANE, now=now(), limit=10, max_bytes=_MUCH)
        assert [(queued_event.event, queued_event.body) for queued_event in due] == list(
            zip(events, bodies, strict=True)
        )

    async def test_due_returns_every_field_of_an_event(self, stage: StoreStage) -> None:
        """An event is what was received."""
        received = time_ago(minutes=1)
        event = await stage.add_event(
            received_at=received, event_type="installation", action="created", repo_id=None, body=b"12345"
        )
        assert (event.event_type, event.action, event.repo_id) == ("installation", "created", None)
        assert (event.lane, event.source_key, event.source) == (LANE, SOURCE_KEY, "received")
        assert (event.status, event.attempts, event.created_at) == (EventStatus.PENDING, 0, received)
        assert (event.payload_length, event.processed_at, event.error_message) == (5, None, None)
        assert (event.verdicts, event.project_ids, event.integration_id) == ((), (), None)
        assert (await stage.add_event(repo_id=RepoId("8"))).repo_id == "8"

    async def test_due_is_bounded(self, stage: StoreStage) -> None:
        """At most so many events, and no more than so many bytes beyond the first, however large that is."""
        events = [await stage.add_event(body=b"x" * size) for size in (100, 10, 10, 10)]
        ids = [event.id for event in events]
        async with stage.unit_of_work() as tx:

            async def due(limit: int, max_bytes: int) -> list[EventId]:
                queued_events = await tx.event_queue.list_due(LANE, now=now(), limit=limit, max_bytes=max_bytes)
                return [queued_event.event.id for queued_event in queued_events]

            assert await due(3, _MUCH) == ids[:3]
            assert await due(10, 0) == ids[:1]
            assert await due(10, 19) == ids[:2]
            assert await due(10, 20) == ids[:3]
            assert await due(1, 20) == ids[:1]

    async def test_later_attempt_is_not_due_yet(self, stage: StoreStage) -> None:
        """An event whose next attempt is later stays behind, and those after it go on."""
        first, second = await stage.add_event(), await stage.add_event()
        later = now() + timedelta(minutes=2)
        await stage.record_results(
            EventResult(first.id, EventStatus.PENDING, reason="boom", attempts=1, next_attempt_at=later)
        )
        async with stage.unit_of_work() as tx:
            due = await tx.event_queue.list_due(LANE, now=now(), limit=10, max_bytes=_MUCH)
            assert [queued_event.event.id for queued_event in due] == [second.id]
            both = await tx.event_queue.list_due(LANE, now=later, limit=10, max_bytes=_MUCH)
            assert [queued_event.event.id for queued_event in both] == [first.id, second.id]
        assert both[0].event == replace(first, attempts=1, next_attempt_at=later, error_message="boom")

    async def test_what_is_settled_stays(self, stage: StoreStage) -> None:
        """Only a pending event gets a result; a late result is ignored."""
        event = await stage.add_event()
        await stage.record_results(EventResult(event.id, EventStatus.PROCESSED))
        before = await stage.get_event(event)
        await stage.record_results(EventResult(event.id, EventStatus.PENDING, reason="late", attempts=1))
        assert await stage.get_event(event) == before

    async def test_settling_writes_how_it_ended(self, stage: StoreStage) -> None:
        """A settlement is read back from the event; attempts stay where none are given."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        projects = [await stage.add_project(organization) for _ in range(2)]
        link = await stage.add_link(projects[0], integration)
        verdicts = (
            Verdict("link", Outcome.PROCESSED, "delivered", str(link.external_id), link.project_external_id),
            Verdict("repository", Outcome.IGNORED, "removed"),
        )
        first, second, untouched = await stage.add_event(), await stage.add_event(), await stage.add_event()
        await stage.record_results(EventResult(first.id, EventStatus.PENDING, attempts=2))
        await stage.record_results(
            EventResult(
                first.id,
                EventStatus.PROCESSED,
                verdicts=verdicts,
                integration_id=integration.id,
                link_id=link.id,
                project_ids=tuple(project.id for project in projects),
            ),
            EventResult(second.id, EventStatus.UNROUTED, reason="installation_unknown"),
        )
        settled = await stage.get_event(first)
        assert settled.processed_at is not None
        assert time_ago(minutes=1) < settled.processed_at <= now()
        assert settled == replace(
            first,
            status=EventStatus.PROCESSED,
            attempts=2,
            verdicts=verdicts,
            integration_id=integration.id,
            project_ids=tuple(project.id for project in projects),
            processed_at=settled.processed_at,
        )
        assert (await stage.get_event(second)).error_message == "installation_unknown"
        assert await stage.get_event(untouched) == untouched

    async def test_settling_nothing_is_fine(self, stage: StoreStage) -> None:
        """An empty batch writes nothing."""
        await stage.record_results()

    async def test_large_batch_is_settled_at_once(self, stage: StoreStage) -> None:
        """Two hundred and fifty events end in one call, each as given."""
        events = [await stage.add_event() for _ in range(250)]
        ends = [EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.FAILED]
        await stage.record_results(
            *(
                EventResult(event.id, ends[number % 3], reason=f"reason {number}", verdicts=_verdicts(number))
                for number, event in enumerate(events)
            )
        )
        async with stage.unit_of_work() as tx:
            settled = await tx.events.list(EventFilter(), limit=1000)
        assert [(event.status, event.error_message, event.verdicts) for event in reversed(settled)] == [
            (ends[number % 3], f"reason {number}", _verdicts(number)) for number in range(250)
        ]

    async def test_lanes_with_something_due(self, stage: StoreStage) -> None:
        """A lane is due while one of its events is."""
        other = _of_other_lane()
        event = await stage.add_event()
        waiting = await stage.add_event(source_key=other)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.list_due_lanes(now=now()) == sorted([LANE, choose_lane(other)])
        later = now() + timedelta(minutes=1)
        await stage.record_results(
            EventResult(event.id, EventStatus.PROCESSED),
            EventResult(waiting.id, EventStatus.PENDING, attempts=1, next_attempt_at=later),
        )
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.list_due_lanes(now=now()) == []
            assert await tx.event_queue.list_due_lanes(now=later) == [choose_lane(other)]

    async def test_twenty_drainers_settle_each_event_once(self, stage: StoreStage) -> None:
        """Drainers that race for a lane never process an event twice, nor leave one."""
        for _ in range(60):
            await stage.add_event()
        settled: Counter[EventId] = Counter()

        async def drain() -> None:
            while True:
                async with stage.unit_of_work() as tx:
                    await tx.event_queue.lock(LANE)
                    due = await tx.event_queue.list_due(LANE, now=now(), limit=3, max_bytes=_MUCH)
                    if not due:
                        return
                    ids = [queued_event.event.id for queued_event in due]
                    await tx.event_queue.record_results([EventResult(item, EventStatus.PROCESSED) for item in ids])
                    await tx.commit()
                settled.update(ids)

        await asyncio.gather(*(drain() for _ in range(20)))
        assert len(settled) == 60
        assert set(settled.values()) == {1}


def _of_other_lane() -> str:
    return next(key for key in map(str, range(1, 100)) if choose_lane(key) != LANE)


def _verdicts(number: int) -> tuple[Verdict, ...]:
    return tuple(
        Verdict("link", Outcome.PROCESSED, f"reason {number}", project_id=UUID(int=number)) for _ in range(number % 4)
    )
