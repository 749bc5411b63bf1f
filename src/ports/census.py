from datetime import datetime
from typing import Protocol

from core.domain.events.backlog import Census


class CensusStore(Protocol):
    """Counts what should be little."""

    async def take(self, *, now: datetime) -> Census:
        """Count, each kind up to `core.domain.events.backlog.MOST`."""
