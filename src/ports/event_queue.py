from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.events.event import EventResult, WebhookEvent
from core.domain.identifiers import EventId


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A due event with its payload: the bytes that were signed, or None once retention took them."""

    event: WebhookEvent
    body: bytes | None


@dataclass(frozen=True, slots=True)
class UnfinishedBatch:
    """The webhook events that a drain started to process without recording an end.

    `storage_restarted` is true if the storage has started since then, which ends every running batch.
    """

    drain_id: UUID
    event_ids: tuple[EventId, ...]
    storage_restarted: bool = False


class EventQueue(Protocol):
    """The ledger as a queue of 32 lanes. It is the queue of record; doorbells only wake someone.

    Promised: while one transaction holds a lane, no other does, in any process; a holder that dies lets go.
    """

    async def try_lock(self, lane: int) -> bool:
        """Take the lane until this transaction ends, or return False at once when another holds it."""

    async def lock(self, lane: int) -> None:
        """Take the lane until this transaction ends, waiting for whoever holds it."""

    async def list_due(self, lane: int, *, now: datetime, limit: int, max_bytes: int) -> Sequence[QueuedEvent]:
        """Return the lane's due events (`WebhookEvent.is_due`) in the order received.

        At most `limit`, and no more than `max_bytes` of payload beyond the first.
        """

    async def record_results(self, results: Sequence[EventResult]) -> None:
        """Write how these events ended; attempts and next attempt only where given.

        An event that is no longer pending stays as it is: someone else has settled it.
        """

    async def list_due_lanes(self, *, now: datetime) -> Sequence[int]:
        """Return the lanes in which something is due."""

    async def list_unrouted(
        self, provider: str, source_key: str, *, event_type: str, action: str, limit: int
    ) -> Sequence[QueuedEvent]:
        """Return events of this kind whose installation nobody has connected yet, newest first.

        Those not looked at yet are among them.
        """

    async def reopen_unrouted(self, *, now: datetime) -> int:
        """Reopen unrouted events whose installation is connected now; return how many.

        Those received more than 72 hours ago are ignored as `before_binding` instead.
        """

    async def record_batch_start(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record that a drain starts to process these events, and commit.

        If another drain has not recorded the end of its batch, return that batch and change nothing. Call
        this in a separate transaction, before any other write, while another transaction holds the lane. The
        record survives the end of this process. A crash of the storage can lose it, but then nothing was
        processed.
        """

    async def record_batch_end(self, lane: int, *, drain_id: UUID) -> None:
        """Record in this transaction that the drain's batch has ended."""
