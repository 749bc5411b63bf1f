from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from core.domain.events.interpretation import interpret, to_unrouted
from core.domain.events.summary import summarize
from core.domain.provider_events import ProviderEvent
from core.use_cases.deliveries.event_batch import EventBatch, start_batch
from core.use_cases.deliveries.poison_events import DatabaseLost, Interruptions, PoisonEvents
from ports.event_queue import QueuedEvent, UnfinishedBatch, WorkerNotifier
from ports.system import Alerts, Clock
from ports.telemetry import Metrics
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol

_BATCH_SIZE = 256
_BATCH_BYTES = 8 * 1024 * 1024
_MAX_DURATION = timedelta(seconds=30)


class DrainResult(Enum):
    """How a drain ended."""

    EMPTY = "empty"
    HELD_ELSEWHERE = "held_elsewhere"
    OUT_OF_TIME = "out_of_time"


class _Step(Enum):
    PROCESSED = "processed"
    NOTHING_DUE = "nothing_due"
    LOCKED = "locked"


class _BatchFailed(Exception):
    """Processing these events failed, and nothing was written."""

    def __init__(self, events: Sequence[WebhookEvent], error: Exception, *, started_at: datetime) -> None:
        super().__init__(str(error))
        self.events = events
        self.error = error
        self.started_at = started_at


@dataclass(frozen=True, slots=True)
class DrainLane:
    """Process the due events of one lane: in order, in batches, each effect exactly once.

    A batch is one transaction that also locks the lane. A worker killed in the middle leaves only the record
    that the batch started (`Interruptions`). A drain that finds the lane locked ends at once and relies on the
    drain that has the lock. Therefore a drain without due events releases the lock and then reads again: another
    drain may have found the lane locked in the meantime.
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
        """Process until no event is due or 30 seconds are over; raises `StorageUnavailable`."""
        await self.worker_notifier.acknowledge(lane)
        started = self.clock.now()
        drain_id = uuid4()
        while True:
            step = await self._process_next(lane, drain_id)
            if step is _Step.LOCKED:
                return DrainResult.HELD_ELSEWHERE
            if step is _Step.NOTHING_DUE and not await self._is_due(lane):
                return DrainResult.EMPTY
            if self.clock.now() - started >= _MAX_DURATION:
                await self.worker_notifier.notify_due([lane])
                return DrainResult.OUT_OF_TIME

    async def _is_due(self, lane: int) -> bool:
        async with self.unit_of_work() as tx:
            return bool(await tx.event_queue.list_due(lane, now=self.clock.now(), limit=1, max_bytes=0))

    async def _process_next(self, lane: int, drain_id: UUID) -> _Step:
        try:
            return await self._process_batch(lane, drain_id, self.poison_events.limit_batch(lane, _BATCH_SIZE))
        except _BatchFailed as failed:
            if len(failed.events) == 1:
                return await self._record_failed_attempt(lane, drain_id, failed)
        # Any of the events may have failed. Process them one by one, so that the others succeed.
        for _ in range(_BATCH_SIZE):
            try:
                step = await self._process_batch(lane, drain_id, 1)
            except _BatchFailed as failed:
                step = await self._record_failed_attempt(lane, drain_id, failed)
            if step is not _Step.PROCESSED:
                return step
        return _Step.PROCESSED

    async def _process_batch(self, lane: int, drain_id: UUID, limit: int) -> _Step:
        events: list[WebhookEvent] = []
        try:
            async with self.unit_of_work() as tx:
                # The next two paths commit, because a rollback deletes the connection's prepared statements.
                if not await tx.event_queue.try_lock(lane):
                    await tx.commit()
                    return _Step.LOCKED
                now = self.clock.now()
                queued_events = await tx.event_queue.list_due(lane, now=now, limit=limit, max_bytes=_BATCH_BYTES)
                if not queued_events:
                    await tx.commit()
                    self.poison_events.clear(lane)
                    return _Step.NOTHING_DUE
                queued_events = _select_batch(queued_events)
                events = [queued_event.event for queued_event in queued_events]
                unfinished = await self.interruptions.record_start(lane, events, drain_id=drain_id)
                if unfinished is not None:
                    events = []
                    return await self._count_interruption(tx, lane, unfinished)
                self.poison_events.require_safe(lane, events)
                batch = await self._interpret(tx, queued_events)
                await batch.write(tx)
                await tx.event_queue.record_batch_end(lane, drain_id=drain_id)
                await tx.commit()
        except Exception as error:
            if not events:
                raise
            if isinstance(error, StorageUnavailable):
                # An event has not failed when the database is unavailable, so this counts no attempt.
                self.poison_events.record_loss(lane, events)
                await self.interruptions.withdraw_start(lane, drain_id=drain_id)
                raise
            raise _BatchFailed(events, error, started_at=now) from error
        self.poison_events.mark_processed(lane, events)
        self._report(events, batch.results)
        return _Step.PROCESSED

    async def _interpret(self, tx: Transaction, queued_events: Sequence[QueuedEvent]) -> EventBatch:
        batch = await start_batch(tx, [queued_event.event for queued_event in queued_events], self.clock.now())
        decoded: list[tuple[WebhookEvent, ProviderEvent | EventResult]] = []
        for queued_event in queued_events:
            try:
                decoded.append((queued_event.event, self._decode(batch, queued_event)))
            except (EnvelopeUnreadable, PayloadExpired) as error:
                # A retry does not help, and the other events of the batch are not affected.
                decoded.append((queued_event.event, _fail(batch, queued_event.event, error, final=True)))
        provider_events = [
            (event, provider_event) for event, provider_event in decoded if not isinstance(provider_event, EventResult)
        ]
        await batch.load(tx, provider_events)
        for event, provider_event in decoded:
            if isinstance(provider_event, EventResult):
                batch.results.append(provider_event)
            else:
                summary = summarize(event.event_type, event.action, provider_event)
                batch.apply(event, interpret(event, provider_event, batch.create_view(event, provider_event)), summary)
        return batch

    def _decode(self, batch: EventBatch, queued_event: QueuedEvent) -> ProviderEvent | EventResult:
        event = queued_event.event
        is_waiting = event.source_key is not None and batch.find_integration(event) is None
        if is_waiting and event.repo_id is not None:
            # An event of a repository has no effect while its installation is unknown, so it is not decoded. If an
            # earlier event of this batch binds the installation, writing the batch makes this event due again.
            return to_unrouted().to_result(event, None)
        if queued_event.body is None:
            raise PayloadExpired(
                "The payload was deleted at the end of its retention period, so the event cannot be processed again."
            )
        return self.protocols[event.provider].decode(event.event_type, queued_event.body)

    async def _count_interruption(self, tx: Transaction, lane: int, batch: UnfinishedBatch) -> _Step:
        failed_attempt = await self.interruptions.handle(tx, lane, batch, now=self.clock.now())
        await tx.commit()
        self.alerts.alert(
            "processing_interrupted",
            "A worker process ended while it processed webhook events. The events are now processed one at a "
            "time. Search the worker's log for a crash or an out-of-memory kill.",
            lane=lane,
            events=len(batch.event_ids),
            delivery_id=failed_attempt[0].delivery_id if failed_attempt else None,
        )
        if failed_attempt:
            event, result = failed_attempt
            self._report([event], [result])
        return _Step.PROCESSED

    async def _record_failed_attempt(self, lane: int, drain_id: UUID, failed: _BatchFailed) -> _Step:
        async with self.unit_of_work() as tx:
            if not await tx.event_queue.try_lock(lane):
                return _Step.LOCKED
            batch = await start_batch(tx, failed.events, self.clock.now())
            is_final = isinstance(failed.error, DatabaseLost)
            result = _fail(batch, failed.events[0], failed.error, final=is_final)
            await tx.event_queue.record_results([result], started_at=failed.started_at)
            await tx.event_queue.record_batch_end(lane, drain_id=drain_id)
            await tx.commit()
        self.poison_events.mark_processed(lane, failed.events)
        self._report(failed.events, [result])
        return _Step.PROCESSED

    def _report(self, events: Sequence[WebhookEvent], results: Sequence[EventResult]) -> None:
        for status, count in Counter(result.status for result in results).items():
            self.metrics.count_results(status, count)
        failed_ids = {result.event_id for result in results if result.status is EventStatus.FAILED}
        for event in events:
            if event.id in failed_ids:
                self.alerts.alert(
                    "event_failed",
                    "A webhook event failed. To see the error, run `crewkit-git events show DELIVERY_ID`.",
                    delivery_id=event.delivery_id,
                    event_type=event.event_type,
                    installation_id=event.source_key,
                )


def _select_batch(queued_events: Sequence[QueuedEvent]) -> Sequence[QueuedEvent]:
    """Return the events to process together: an event that failed before is processed alone."""
    if queued_events[0].event.attempts:
        return queued_events[:1]
    return list(takewhile(lambda queued_event: not queued_event.event.attempts, queued_events))


def _fail(batch: EventBatch, event: WebhookEvent, error: Exception, *, final: bool = False) -> EventResult:
    """Return a failed attempt, which the event's organization can see."""
    owner = batch.find_integration(event)
    result = fail_attempt(event, *_describe(error), now=batch.now, final=final)
    return replace(result, integration_id=owner.id if owner else None)


def _describe(error: Exception) -> tuple[str, str]:
    """Return the code of an error, and the message for the event's organization."""
    if isinstance(error, DomainError):
        return error.code, error.message
    if isinstance(error, DatabaseLost):
        return error.code, str(error)
    # Only the first line: the following lines of a database's message may contain data of the row.
    return "internal", f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
