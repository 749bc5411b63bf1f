from collections import Counter
from datetime import datetime

from core.domain.events.backlog import Census
from core.domain.events.event import EventStatus
from core.domain.integrations.integration import IntegrationStatus
from ports.census import CensusStore
from testing.memory.database import Session


class MemoryCensusStore(CensusStore):
    """Counted in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take(self, *, now: datetime) -> Census:
        """Count."""
        state = self._session.state
        events = Counter(event.status for event in state.events.values())
        active = [one for one in state.integrations.values() if one.status is IntegrationStatus.ACTIVE]
        syncs = [one.synced_at for one in active if one.synced_at is not None]
        return Census(
            waiting=events[EventStatus.PENDING],
            failed=events[EventStatus.FAILED],
            unrouted=events[EventStatus.UNROUTED],
            suspended=sum(one.status is IntegrationStatus.SUSPENDED for one in state.integrations.values()),
            revoking=len(state.revocations),
            oldest_sync=(now - min(syncs)).total_seconds() if syncs else 0.0,
        )
