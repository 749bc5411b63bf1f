from datetime import datetime

from core.domain.events.event import EventStatus
from ports.retention import RetentionStore
from testing.memory.database import Session


class MemoryRetentionStore(RetentionStore):
    """The ledger's age, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Remove the bodies of the next old events."""
        state = await self._session.writable()
        old = []
        for event_id in sorted(one for one in state.events if one > state.payloads_expired_to)[:limit]:
            if state.events[event_id].created_at >= before:
                break
            old.append(event_id)
            if state.events[event_id].status is not EventStatus.PENDING:
                state.payloads.pop(event_id, None)
        state.payloads_expired_to = max(old, default=state.payloads_expired_to)
        return len(old)

    async def forget_events(self, *, before: datetime, limit: int) -> int:
        """Remove the oldest events."""
        state = await self._session.writable()
        gone = [
            event_id
            for event_id in sorted(state.events)[:limit]
            if state.events[event_id].created_at < before
            and state.events[event_id].status is not EventStatus.PENDING
        ]
        for event_id in gone:
            del state.events[event_id]
            state.payloads.pop(event_id, None)
        return len(gone)

    async def forget_domain_events(self, *, before: datetime, limit: int) -> int:
        """Remove the oldest of what consumers were told."""
        state = await self._session.writable()
        *others, _newest = sorted(state.domain_events) or [0]
        gone = [one for one in others[:limit] if state.domain_events[one][1] < before]
        for one in gone:
            del state.domain_events[one]
        return len(gone)

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest attributions."""
        state = await self._session.writable()
        oldest = sorted(state.attributions.items(), key=lambda item: item[1].id)[:limit]
        old = [key for key, row in oldest if row.recorded_at < before]
        for key in old:
            del state.attributions[key]
        return len(old)
