from collections.abc import Sequence
from uuid import UUID

from core.domain.identifiers import EventId
from ports.batch_starts import BatchStartStore, UnfinishedBatch
from testing.memory.database import Session


class MemoryBatchStartStore(BatchStartStore):
    """What is being processed, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(
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

    async def finish(self, lane: int, *, drain_id: UUID) -> None:
        """Record the end."""
        starts = (await self._session.writable()).batch_starts
        if lane in starts and starts[lane].drain_id == drain_id:
            del starts[lane]
