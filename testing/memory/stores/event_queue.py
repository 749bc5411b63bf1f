from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.events.event import BEFORE_BINDING, UNROUTED_LIFETIME, EventResult, EventStatus, WebhookEvent
from core.domain.events.metrics import Bucket, classify_duration
from core.domain.identifiers import EventId
from ports.event_queue import EventQueue, QueuedEvent, UnfinishedBatch
from testing.memory.database import Session, State
from testing.memory.stores.event_attempts import begin_attempt, end_attempt


class MemoryEventQueue(EventQueue):
    """The event queue in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def try_lock(self, lane: int) -> bool:
        """Take the lane until this transaction ends, or return False at once when another holds it."""
        return await self._session.try_lock_lane(lane)

    async def lock(self, lane: int) -> None:
        """Take the lane until this transaction ends; raises `StorageConflict` after 5 seconds of waiting."""
        await self._session.lock_lane(lane)

    async def list_due(self, lane: int, *, now: datetime, limit: int, max_bytes: int) -> Sequence[QueuedEvent]:
        """Return the lane's due events in the order received."""
        payloads = self._session.state.payloads
        queued_events: list[QueuedEvent] = []
        beyond_first = 0
        for event in self._due(now):
            if event.lane != lane:
                continue
            beyond_first += event.payload_length if queued_events else 0
            if len(queued_events) == limit or beyond_first > max_bytes:
                break
            queued_events.append(QueuedEvent(event, payloads.get(event.id)))
        return queued_events

    async def record_results(self, results: Sequence[EventResult], *, started_at: datetime | None = None) -> None:
        """Write how these events ended; attempts and next attempt only where given."""
        state = await self._session.writable()
        events = state.events
        for result in results:
            known = events.get(result.event_id)
            if known is None or known.status is not EventStatus.PENDING:
                continue
            end_attempt(state, result, started_at=started_at, ended_at=self._session.database.now())
            events[known.id] = replace(
                known,
                status=result.status,
                verdicts=result.verdicts,
                error_message=result.reason,
                integration_id=result.integration_id,
                project_ids=result.project_ids,
                attempts=known.attempts if result.attempts is None else result.attempts,
                next_attempt_at=result.next_attempt_at or known.next_attempt_at,
                processed_at=None if result.status is EventStatus.PENDING else self._session.database.now(),
                summary=result.summary or known.summary,
            )
            _count(state, events[known.id])

    async def list_unrouted(
        self, provider: str, source_key: str, *, event_type: str, action: str, limit: int
    ) -> Sequence[QueuedEvent]:
        """Return events of this kind that wait for their installation, newest first."""
        state, kind = self._session.state, (provider, source_key, event_type, action)
        found = [
            QueuedEvent(event, state.payloads.get(event.id))
            for _, event in sorted(state.events.items(), reverse=True)
            if (event.provider, event.source_key, event.event_type, event.action) == kind
            and event.status in (EventStatus.PENDING, EventStatus.UNROUTED)
        ]
        return found[:limit]

    async def list_due_lanes(self, *, now: datetime) -> Sequence[int]:
        """Return the lanes in which something is due."""
        return sorted({event.lane for event in self._due(now)})

    async def reopen_unrouted(self, *, now: datetime) -> int:
        """Reopen unrouted events whose installation is connected now; return how many."""
        state = await self._session.writable()
        connected = {
            (integration.provider, integration.provider_id)
            for integration in state.integrations.values()
            if not integration.is_revoked
        }
        reopened = 0
        for event in list(state.events.values()):
            installation = (event.provider, event.source_key)
            if event.status is not EventStatus.UNROUTED or installation not in connected:
                continue
            if event.created_at < now - UNROUTED_LIFETIME:
                begin_attempt(state, event.id)
                late = EventResult(event.id, EventStatus.IGNORED, reason=BEFORE_BINDING)
                end_attempt(state, late, started_at=None, ended_at=now)
                state.events[event.id] = replace(
                    event, status=EventStatus.IGNORED, error_message=BEFORE_BINDING, processed_at=now
                )
            else:
                state.events[event.id] = replace(
                    event, status=EventStatus.PENDING, error_message=None, processed_at=None, next_attempt_at=now
                )
                begin_attempt(state, event.id)
                reopened += 1
        return reopened

    def _due(self, now: datetime) -> list[WebhookEvent]:
        return [event for _, event in sorted(self._session.state.events.items()) if event.is_due(now)]

    async def record_batch_start(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record a start, or return the batch that another drain did not finish."""
        starts = (await self._session.writable()).batch_starts
        earlier = starts.get(lane)
        if earlier is not None and earlier.drain_id != drain_id:
            return earlier
        starts[lane] = UnfinishedBatch(drain_id, tuple(event_ids), started_at=self._session.database.now())
        self._session.commit()
        return None

    async def record_batch_end(self, lane: int, *, drain_id: UUID) -> None:
        """Record that the batch has ended."""
        starts = (await self._session.writable()).batch_starts
        if lane in starts and starts[lane].drain_id == drain_id:
            del starts[lane]


def _count(state: State, event: WebhookEvent) -> None:
    if event.integration_id is not None and event.processed_at is not None:
        duration_class = classify_duration(event.processed_at - event.created_at)
        state.result_counts[
            event.integration_id, Bucket.HOUR.floor(event.processed_at), event.status, duration_class
        ] += 1
