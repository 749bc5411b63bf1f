from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.events.event import BEFORE_BINDING, UNROUTED_LIFETIME, Event, EventStatus, Settlement
from core.domain.identifiers import EventId
from ports.mailbox import Letter, Mailbox, UnfinishedBatch
from testing.memory.database import Session


class MemoryMailbox(Mailbox):
    """The ledger as a queue, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def try_lock(self, lane: int) -> bool:
        """Take the lane until this transaction ends, or return False at once when another holds it."""
        return await self._session.try_lock_lane(lane)

    async def lock(self, lane: int) -> None:
        """Take the lane until this transaction ends; raises `StorageConflict` after 5 seconds of waiting."""
        await self._session.lock_lane(lane)

    async def due(self, lane: int, *, now: datetime, limit: int, max_bytes: int) -> Sequence[Letter]:
        """Return the lane's due events in the order received."""
        payloads = self._session.state.payloads
        letters: list[Letter] = []
        beyond_first = 0
        for event in self._due(now):
            if event.lane != lane:
                continue
            beyond_first += event.payload_length if letters else 0
            if len(letters) == limit or beyond_first > max_bytes:
                break
            letters.append(Letter(event, payloads.get(event.id)))
        return letters

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how these events ended; attempts and next attempt only where given."""
        events = (await self._session.writable()).events
        for settlement in settlements:
            known = events.get(settlement.event_id)
            if known is None or known.status is not EventStatus.PENDING:
                continue
            events[known.id] = replace(
                known,
                status=settlement.status,
                verdicts=settlement.verdicts,
                error_message=settlement.reason,
                integration_id=settlement.integration_id,
                project_ids=settlement.project_ids,
                attempts=known.attempts if settlement.attempts is None else settlement.attempts,
                next_attempt_at=settlement.next_attempt_at or known.next_attempt_at,
                processed_at=None if settlement.status is EventStatus.PENDING else self._session.database.now(),
            )

    async def waiting(
        self, provider: str, source_key: str, *, event_type: str, action: str, limit: int
    ) -> Sequence[Letter]:
        """Return events of this kind that wait for their installation, newest first."""
        state, kind = self._session.state, (provider, source_key, event_type, action)
        found = [
            Letter(event, state.payloads.get(event.id))
            for _, event in sorted(state.events.items(), reverse=True)
            if (event.provider, event.source_key, event.event_type, event.action) == kind
            and event.status in (EventStatus.PENDING, EventStatus.UNROUTED)
        ]
        return found[:limit]

    async def lanes_due(self, *, now: datetime) -> Sequence[int]:
        """Return the lanes in which something is due."""
        return sorted({event.lane for event in self._due(now)})

    async def route_waiting(self, *, now: datetime) -> int:
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
                state.events[event.id] = replace(
                    event, status=EventStatus.IGNORED, error_message=BEFORE_BINDING, processed_at=now
                )
            else:
                state.events[event.id] = replace(
                    event, status=EventStatus.PENDING, error_message=None, processed_at=None, next_attempt_at=now
                )
                reopened += 1
        return reopened

    def _due(self, now: datetime) -> list[Event]:
        return [event for _, event in sorted(self._session.state.events.items()) if event.is_due(now)]

    async def record_batch_start(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record a start, or return the batch that another drain did not finish."""
        starts = (await self._session.writable()).batch_starts
        earlier = starts.get(lane)
        if earlier is not None and earlier.drain_id != drain_id:
            return earlier
        starts[lane] = UnfinishedBatch(drain_id, tuple(event_ids))
        self._session.commit()
        return None

    async def record_batch_end(self, lane: int, *, drain_id: UUID) -> None:
        """Record that the batch has ended."""
        starts = (await self._session.writable()).batch_starts
        if lane in starts and starts[lane].drain_id == drain_id:
            del starts[lane]
