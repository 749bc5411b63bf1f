from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from core.domain.events.event import EventStatus
from core.domain.integrations.integration import IntegrationStatus
from ports.housekeeping import BacklogGauges, HousekeepingStore
from testing.memory.database import Session


class MemoryHousekeepingStore(HousekeepingStore):
    """Backlog, faults, secret uses and retention in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count_backlog(self, *, now: datetime) -> BacklogGauges:
        """Count all rows."""
        state = self._session.state
        events = Counter(event.status for event in state.events.values())
        integrations = Counter(integration.status for integration in state.integrations.values())
        syncs = [
            integration.synced_at
            for integration in state.integrations.values()
            if integration.status is IntegrationStatus.ACTIVE and integration.synced_at is not None
        ]
        return BacklogGauges(
            pending_events=events[EventStatus.PENDING],
            failed_events=events[EventStatus.FAILED],
            unrouted_events=events[EventStatus.UNROUTED],
            suspended_integrations=integrations[IntegrationStatus.SUSPENDED],
            pending_revocations=len(state.revocations),
            oldest_sync_seconds=(now - min(syncs)).total_seconds() if syncs else 0.0,
        )

    async def record_fault(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Record that a fault occurred, and return whether the fault is new."""
        faults = (await self._session.writable()).faults
        last = faults.get(fault)
        is_new = last is None or last < forgotten_before
        faults[fault] = at if last is None or is_new else max(last, at)
        return is_new

    async def end_fault(self, fault: str) -> None:
        """Delete a fault."""
        (await self._session.writable()).faults.pop(fault, None)

    async def record_secret_uses(self, uses: Mapping[str, datetime]) -> None:
        """Store the last use of each fingerprint; an earlier time changes nothing."""
        stored = (await self._session.writable()).secret_uses
        for fingerprint, time in uses.items():
            stored[fingerprint] = max(time, stored.get(fingerprint, time))

    async def load_secret_uses(self) -> Mapping[str, datetime]:
        """Return the last use of each fingerprint."""
        return dict(self._session.state.secret_uses)

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Delete the payloads of the next old events."""
        state = await self._session.writable()
        old = []
        for event_id in sorted(key for key in state.events if key > state.payloads_expired_to)[:limit]:
            if state.events[event_id].created_at >= before:
                break
            old.append(event_id)
            if state.events[event_id].status is not EventStatus.PENDING:
                state.payloads.pop(event_id, None)
        state.payloads_expired_to = max(old, default=state.payloads_expired_to)
        return len(old)

    async def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events."""
        state = await self._session.writable()
        old = [
            event_id
            for event_id in sorted(state.events)[:limit]
            if state.events[event_id].created_at < before and state.events[event_id].status is not EventStatus.PENDING
        ]
        for event_id in old:
            del state.events[event_id]
            state.attempts.pop(event_id, None)
            state.payloads.pop(event_id, None)
        if len(old) < limit:
            for key in [key for key in state.result_counts if key[1] < before]:
                del state.result_counts[key]
        return len(old)

    async def delete_domain_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest domain events, except the newest one."""
        state = await self._session.writable()
        *older_ids, _newest_id = sorted(state.domain_events) or [0]
        old = [event_id for event_id in older_ids[:limit] if state.domain_events[event_id][1] < before]
        for event_id in old:
            del state.domain_events[event_id]
        return len(old)

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest attributions."""
        state = await self._session.writable()
        oldest = sorted(state.attributions.items(), key=lambda item: item[1].id)[:limit]
        old = [key for key, row in oldest if row.recorded_at < before]
        for key in old:
            del state.attributions[key]
        return len(old)
