from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.domain.errors import StorageUnavailable
from core.domain.events.event import Event, EventStatus, Settlement, interrupted_attempt
from core.use_cases.deliveries.event_batch import route
from core.use_cases.deliveries.poison_events import Suspects
from ports.mailbox import UnfinishedBatch
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Finds the events that end the worker's process: out of memory, a crash, `kill -9`.

    The start of each batch is recorded before its events are read. If a process ends without recording the
    batch's end, the next drain of the lane runs these events one at a time. An event that was alone when the
    process ended has used up one attempt; the other events of a batch have not. A storage outage is not an
    interruption: this process knows about it, or storage was started again since.
    """

    unit_of_work: UnitOfWork
    suspects: Suspects

    async def record_start(self, lane: int, events: Sequence[Event], *, drain_id: UUID) -> UnfinishedBatch | None:
        """Record a start durably, or return an earlier batch of the lane that has not ended."""
        async with self.unit_of_work() as tx:
            return await tx.mailbox.record_batch_start(lane, [event.id for event in events], drain_id=drain_id)

    async def withdraw_start(self, lane: int, *, drain_id: UUID) -> None:
        """Record an end after losing the connection to storage, unless storage is still unavailable."""
        with suppress(StorageUnavailable):
            async with self.unit_of_work() as tx:
                await tx.mailbox.record_batch_end(lane, drain_id=drain_id)
                await tx.commit()

    async def count(
        self, tx: Transaction, lane: int, batch: UnfinishedBatch, *, now: datetime
    ) -> tuple[Event, Settlement] | None:
        """Isolate the events of an unfinished batch; return the event that used up an attempt, if any.

        The caller holds the lane and commits.
        """
        await tx.mailbox.record_batch_end(lane, drain_id=batch.drain_id)
        is_outage = batch.storage_restarted or self.suspects.has_lost(lane, batch.event_ids)
        self.suspects.isolate(lane, batch.event_ids)
        if is_outage or len(batch.event_ids) > 1:
            return None
        event = await tx.events.find_by_id(batch.event_ids[0])
        if event is None or event.status is not EventStatus.PENDING:
            return None
        owner = (await route(tx, [event], now)).integration_of(event)
        settlement = replace(interrupted_attempt(event, now=now), integration_id=owner.id if owner else None)
        await tx.mailbox.settle([settlement])
        return event, settlement
