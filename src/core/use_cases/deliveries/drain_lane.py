from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from itertools import takewhile
from uuid import UUID, uuid4

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.events.event import (
    EnvelopeUnreadable,
    EventResult,
    EventStatus,
    PayloadExpired,
    WebhookEvent,
    fail_attempt,
)
from core.domain.events.interpretation import interpret, leave_unrouted
from core.domain.provider_events import ProviderEvent
from core.use_cases.deliveries.event_batch import EventBatch, load_batch, load_integrations
from core.use_cases.deliveries.poison_events import DatabaseLost, Interruptions, PoisonEvents
from ports.event_queue import QueuedEvent, UnfinishedBatch, WorkerNotifier
from ports.system import Alerts, Clock
from ports.telemetry import Metrics
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol

_BATCH = 256
_BATCH_BYTES = 8 * 1024 * 1024
_LONGEST = timedelta(seconds=30)


class DrainResult(Enum):
    """How a drain ended."""

    EMPTY = "empty"
    HELD_ELSEWHERE = "held_elsewhere"
    OUT_OF_TIME = "out_of_time"


class _Step(Enum):
    SETTLED = "settled"
    NOTHING_DUE = "nothing_due"
    REFUSED = "refused"


class _Unsettled(Exception):
    """These events were read and could not be settled; nothing of them was kept."""

    def __init__(self, events: Sequence[WebhookEvent], error: Exception) -> None:
        super().__init__(str(error))
        self.events = events
        self.error = error


@dataclass(frozen=True, slots=True)
class DrainLane:
    """Process what is due in one lane: in order, in batches, each effect exactly once.

    Everything a batch does is one transaction that also holds the lane, so a worker killed in the middle
    leaves nothing behind but the record that it started (`Interruptions`). A drain refused by the lane's lock
    ends at once and relies on the drain that holds the lock. Therefore a drain that finds no due event first
    releases the lock and then reads once more: while it holds the lock, it could refuse another drain.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    worker_notifier: WorkerNotifier
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    poison_events: PoisonEvents = field(default_factory=PoisonEvents)
    interruptions: Interruptions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "interruptions", Interruptions(self.unit_of_work, self.poison_events))

    async def __call__(self, lane: int) -> DrainResult:
        """Drain until nothing is due or 30 seconds are over; raises `StorageUnavailable`."""
        await self.worker_notifier.acknowledge(lane)
        started = self.clock.now()
        drain_id = uuid4()
        while True:
            step = await self._batch(lane, drain_id)
            if step is _Step.REFUSED:
                return DrainResult.HELD_ELSEWHERE
            if step is _Step.NOTHING_DUE and not await self._is_due(lane):
                return DrainResult.EMPTY
            if self.clock.now() - started >= _LONGEST:
                await self.worker_notifier.notify_due([lane])
                return DrainResult.OUT_OF_TIME

    async def _is_due(self, lane: int) -> bool:
        async with self.unit_of_work() as tx:
            return bool(await tx.event_queue.list_due(lane, now=self.clock.now(), limit=1, max_bytes=0))

    async def _batch(self, lane: int, drain_id: UUID) -> _Step:
        try:
            return await self._settle(lane, drain_id, self.poison_events.limit(lane, _BATCH))
        except _Unsettled as failed:
            if len(failed.events) == 1:
                return await self._count_failure(lane, drain_id, failed)
        # Any one of them may have broken the batch: run them apart, so that only that one pays.
        for _ in range(_BATCH):
            try:
                step = await self._settle(lane, drain_id, 1)
            except _Unsettled as failed:
                step = await self._count_failure(lane, drain_id, failed)
            if step is not _Step.SETTLED:
                return step
        return _Step.SETTLED

    async def _settle(self, lane: int, drain_id: UUID, limit: int) -> _Step:
        events: list[WebhookEvent] = []
        try:
            async with self.unit_of_work() as tx:
                if not await tx.event_queue.try_lock(lane):
                    return _Step.REFUSED
                now = self.clock.now()
                queued_events = await tx.event_queue.list_due(lane, now=now, limit=limit, max_bytes=_BATCH_BYTES)
                if not queued_events:
                    self.poison_events.forget(lane)
                    return _Step.NOTHING_DUE
                queued_events = _first_batch(queued_events)
                events = [queued_event.event for queued_event in queued_events]
                unfinished = await self.interruptions.record_start(lane, events, drain_id=drain_id)
                if unfinished is not None:
                    events = []
                    return await self._count_interruption(tx, lane, unfinished)
                self.poison_events.check(lane, events)
                batch = await self._interpreted(tx, queued_events)
                await batch.write(tx)
                await tx.event_queue.record_batch_end(lane, drain_id=drain_id)
                await tx.commit()
        except Exception as error:
            if not events:
                raise
            if isinstance(error, StorageUnavailable):
                # An outage is no event's fault and counts no attempt.
                self.poison_events.lost(lane, events)
                await self.interruptions.withdraw_start(lane, drain_id=drain_id)
                raise
            raise _Unsettled(events, error) from error
        self.poison_events.settled(lane, events)
        self._tell(events, batch.results)
        return _Step.SETTLED

    async def _interpreted(self, tx: Transaction, queued_events: Sequence[QueuedEvent]) -> EventBatch:
        batch = await load_integrations(tx, [queued_event.event for queued_event in queued_events], self.clock.now())
        read: list[tuple[WebhookEvent, ProviderEvent | EventResult]] = []
        for queued_event in queued_events:
            try:
                read.append((queued_event.event, self._read(batch, queued_event)))
            except (EnvelopeUnreadable, PayloadExpired) as error:
                # Trying again changes nothing, and the rest of the batch need not pay for it.
                read.append((queued_event.event, _failure(batch, queued_event.event, error.message, final=True)))
        provider_events = [
            (event, provider_event) for event, provider_event in read if not isinstance(provider_event, EventResult)
        ]
        await load_batch(tx, batch, provider_events)
        for event, provider_event in read:
            if isinstance(provider_event, EventResult):
                batch.results.append(provider_event)
            else:
                batch.apply(event, interpret(event, provider_event, batch.view(event, provider_event)))
        return batch

    def _read(self, batch: EventBatch, queued_event: QueuedEvent) -> ProviderEvent | EventResult:
        event = queued_event.event
        is_waiting = event.source_key is not None and batch.integration_of(event) is None
        if is_waiting and event.repo_id is not None:
            # Nobody can be told of a repository whose installation is unknown: not worth decoding. Should an
            # event before it in this batch bind the installation, writing the batch makes it due again.
            return leave_unrouted().to_result(event, None)
        if queued_event.body is None:
            raise PayloadExpired(
                "The payload was deleted at the end of its retention period, so the event cannot be processed again."
            )
        return self.protocols[event.provider].decode(event.event_type, queued_event.body)

    async def _count_interruption(self, tx: Transaction, lane: int, batch: UnfinishedBatch) -> _Step:
        counted = await self.interruptions.count(tx, lane, batch, now=self.clock.now())
        await tx.commit()
        self.alerts.alert(
            "processing_interrupted",
            "A worker process ended while it processed webhook events. The events are now processed one at a "
            "time. Search the worker's log for a crash or an out-of-memory kill.",
            lane=lane,
            events=len(batch.event_ids),
            delivery_id=counted[0].delivery_id if counted else None,
        )
        if counted:
            event, result = counted
            self._tell([event], [result])
        return _Step.SETTLED

    async def _count_failure(self, lane: int, drain_id: UUID, failed: _Unsettled) -> _Step:
        async with self.unit_of_work() as tx:
            if not await tx.event_queue.try_lock(lane):
                return _Step.REFUSED
            batch = await load_integrations(tx, failed.events, self.clock.now())
            is_final = isinstance(failed.error, DatabaseLost)
            result = _failure(batch, failed.events[0], _message(failed.error), final=is_final)
            await tx.event_queue.record_results([result])
            await tx.event_queue.record_batch_end(lane, drain_id=drain_id)
            await tx.commit()
        self.poison_events.settled(lane, failed.events)
        self._tell(failed.events, [result])
        return _Step.SETTLED

    def _tell(self, events: Sequence[WebhookEvent], results: Sequence[EventResult]) -> None:
        for status, count in Counter(one.status for one in results).items():
            self.metrics.count_results(status, count)
        failed = {one.event_id for one in results if one.status is EventStatus.FAILED}
        for event in events:
            if event.id in failed:
                self.alerts.alert(
                    "event_failed",
                    "A webhook event failed. To see the error, run `crewkit-git events show DELIVERY_ID`.",
                    delivery_id=event.delivery_id,
                    event_type=event.event_type,
                    installation_id=event.source_key,
                )


def _first_batch(queued_events: Sequence[QueuedEvent]) -> Sequence[QueuedEvent]:
    """Return the letters to process together: one that failed before is processed alone."""
    if queued_events[0].event.attempts:
        return queued_events[:1]
    return list(takewhile(lambda queued_event: not queued_event.event.attempts, queued_events))


def _failure(batch: EventBatch, event: WebhookEvent, message: str, *, final: bool = False) -> EventResult:
    """Count a failed attempt where the event's organization sees it."""
    owner = batch.integration_of(event)
    result = fail_attempt(event, message, now=batch.now, final=final)
    return replace(result, integration_id=owner.id if owner else None)


def _message(error: Exception) -> str:
    if isinstance(error, DomainError):
        return error.message
    if isinstance(error, DatabaseLost):
        return str(error)
    # The first line names the fault; what follows in a database's message may quote the row.
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
