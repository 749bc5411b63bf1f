from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventResult, EventStatus, WebhookEvent, interrupt_attempt
from core.domain.identifiers import EventId
from core.use_cases.deliveries.event_batch import start_batch
from ports.event_queue import UnfinishedBatch
from ports.unit_of_work import Transaction, UnitOfWork

_MAX_LOSSES = 2


class DatabaseLost(Exception):
    """The database connection ended each time this event was processed, so it is not tried again."""

    code = "database_lost"


class PoisonEvents:
    """The events during which this process lost the connection to the database, by lane.

    An outage counts no attempt. But an event that crashes the database's process would crash it again and
    again, and with it the work of everyone. Therefore the events of a lost batch are processed one at a time,
    and an event that loses the connection twice while alone is not processed again.
    """

    def __init__(self) -> None:
        self._lost: dict[int, Counter[EventId]] = {}
        self._lost_last: dict[int, tuple[EventId, ...]] = {}

    def limit_batch(self, lane: int, max_events: int) -> int:
        """Return how many events of a lane may be processed together."""
        return 1 if lane in self._lost else max_events

    def require_safe(self, lane: int, events: Sequence[WebhookEvent]) -> None:
        """Raise `DatabaseLost` for an event that must not be processed again."""
        losses = self._lost.get(lane)
        if losses and len(events) == 1 and losses[events[0].id] >= _MAX_LOSSES:
            raise DatabaseLost(
                f"{DatabaseLost.code}: PostgreSQL ended the connection each time this event was processed "
                "alone. Check PostgreSQL's log and memory, then retry the event."
            )

    def record_loss(self, lane: int, events: Sequence[WebhookEvent]) -> None:
        """Record that the connection was lost while these events were processed."""
        losses = self._lost.setdefault(lane, Counter())
        self._lost_last[lane] = tuple(event.id for event in events)
        for event in events:
            losses[event.id] += len(events) == 1

    def has_lost(self, lane: int, event_ids: Sequence[EventId]) -> bool:
        """Return whether this process lost the connection while it processed exactly these events."""
        return self._lost_last.get(lane) == tuple(event_ids)

    def isolate(self, lane: int, event_ids: Sequence[EventId]) -> None:
        """Process these events one at a time, without counting a loss."""
        losses = self._lost.setdefault(lane, Counter())
        for event_id in event_ids:
            losses[event_id] += 0

    def mark_processed(self, lane: int, events: Sequence[WebhookEvent]) -> None:
        """Remove these events and all earlier ones, which this or another process has processed."""
        self._lost_last.pop(lane, None)
        if lane in self._lost:
            later = {event_id: count for event_id, count in self._lost[lane].items() if event_id > events[-1].id}
            self._lost[lane] = Counter(later)
            if not later:
                self.clear(lane)

    def clear(self, lane: int) -> None:
        """Remove all events of a lane in which no event is due."""
        self._lost.pop(lane, None)
        self._lost_last.pop(lane, None)


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Finds the events that end the worker's process: out of memory, a crash, `kill -9`.

    The start of each batch is recorded before its events are read. If a process ends without recording the
    batch's end, the next drain of the lane runs these events one at a time. An event that was alone when the
    process ended has used up one attempt; the other events of a batch have not. A storage outage is not an
    interruption: this process knows about it, or storage was started again since.
    """

    unit_of_work: UnitOfWork
    poison_events: PoisonEvents

    async def record_start(
        self, lane: int, events: Sequence[WebhookEvent], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record a start durably, or return an earlier batch of the lane that has not ended."""
        async with self.unit_of_work() as tx:
            return await tx.event_queue.record_batch_start(lane, [event.id for event in events], drain_id=drain_id)

    async def withdraw_start(self, lane: int, *, drain_id: UUID) -> None:
        """Record an end after losing the connection to storage, unless storage is still unavailable."""
        with suppress(StorageUnavailable):
            async with self.unit_of_work() as tx:
                await tx.event_queue.record_batch_end(lane, drain_id=drain_id)
                await tx.commit()

    async def handle(
        self, tx: Transaction, lane: int, batch: UnfinishedBatch, *, now: datetime
    ) -> tuple[WebhookEvent, EventResult] | None:
        """Isolate the events of an unfinished batch; return the event that used up an attempt, if any.

        The caller holds the lane and commits.
        """
        await tx.event_queue.record_batch_end(lane, drain_id=batch.drain_id)
        is_outage = batch.storage_restarted or self.poison_events.has_lost(lane, batch.event_ids)
        self.poison_events.isolate(lane, batch.event_ids)
        if is_outage or len(batch.event_ids) > 1:
            return None
        event = await tx.events.find_by_id(batch.event_ids[0])
        if event is None or event.status is not EventStatus.PENDING:
            return None
        owner = (await start_batch(tx, [event], now)).find_integration(event)
        result = replace(interrupt_attempt(event, now=now), integration_id=owner.id if owner else None)
        await tx.event_queue.record_results([result], started_at=batch.started_at)
        return event, result
