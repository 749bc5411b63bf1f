from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.domain.identifiers import EventId


@dataclass(frozen=True, slots=True)
class UnfinishedBatch:
    """The events that a drain started to process without recording an end.

    `storage_restarted` says that storage was started again since then, which ends every batch under way.
    """

    drain_id: UUID
    event_ids: tuple[EventId, ...]
    storage_restarted: bool = False


class BatchStartStore(Protocol):
    """What is being processed, lane by lane, so that a process that ends abruptly leaves a trace.

    The caller holds the lane's lock for the whole batch, in another transaction than `record`.
    """

    async def record(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record that a drain starts to process these events.

        If another drain has not recorded the end of its batch, return that batch and change nothing. Needs a
        transaction of its own, in which nothing was written before. The record survives the end of this
        process; a crash of storage itself may lose it, and then nothing was processed either.
        """

    async def finish(self, lane: int, *, drain_id: UUID) -> None:
        """Record, with the rest of this transaction, that this drain's batch has ended."""
