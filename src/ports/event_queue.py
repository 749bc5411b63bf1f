"""How a delivery is stored, queued and processed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.deliveries.delivery import Receipt, VerifiedDelivery
from core.domain.events.event import EventResult, WebhookEvent
from core.domain.identifiers import EventId


class DeliveryLog(Protocol):
    """Stores received deliveries as webhook events.

    Guaranteed: when `append` returns, the delivery survives a crash of all processes. A provider and delivery id are
    stored once, also if they arrive several times at once, and so are the same signed bytes of `is_unique` deliveries
    of one event type and source key. If the stored event had failed, it is pending again; so is an ignored or
    unrouted event, if `can_reopen` allows it. Concurrent calls share one durable commit, but no call waits for
    another to arrive. Not guaranteed: the order of concurrent calls.
    """

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Store one delivery.

        Raises `DeliveryIdConflict` if the id is stored with another body. The stored body stays. A body that the
        provider's API quoted is not compared, because the API may format the same payload differently. Raises
        `ReceiverBusy` if the bounded queue is full, and `StorageUnavailable` if the storage does not respond. After
        both, the delivery may be stored nevertheless: append it again and it is a duplicate.
        """


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A due webhook event with its payload: the signed bytes, or None after retention deleted them."""

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
    started_at: datetime | None = field(default=None, compare=False)


class EventQueue(Protocol):
    """The webhook events that are due, in 32 lanes. This is the queue; worker notifications only start workers.

    Guaranteed: while a transaction holds a lane, no other transaction in any process holds it. The lane is free as
    soon as the holder's process ends.
    """

    async def try_lock(self, lane: int) -> bool:
        """Lock the lane until this transaction ends; return False at once if another transaction holds it."""

    async def lock(self, lane: int) -> None:
        """Lock the lane until this transaction ends. Waits until it is free."""

    async def list_due(self, lane: int, *, now: datetime, limit: int, max_bytes: int) -> Sequence[QueuedEvent]:
        """Return at most `limit` due events of the lane (`WebhookEvent.is_due`) in the order received.

        After the first event, the payloads have at most `max_bytes` in total.
        """

    async def record_results(self, results: Sequence[EventResult], *, started_at: datetime | None = None) -> None:
        """Store how the processing of these events ended; `attempts` and `next_attempt_at` only if they are set.

        This ends the newest attempt of each event, which started at `started_at`. An event that is pending afterwards
        has a next attempt, which nobody requested.

        An event that is no longer pending stays unchanged: another process has recorded its result.
        """

    async def list_due_lanes(self, *, now: datetime) -> Sequence[int]:
        """Return the lanes that have due events."""

    async def list_unrouted(
        self, provider: str, source_key: str, *, event_type: str, action: str, limit: int
    ) -> Sequence[QueuedEvent]:
        """Return events of this kind whose installation is not connected, the newest first.

        Events that are not processed yet are included.
        """

    async def reopen_unrouted(self, *, now: datetime) -> int:
        """Reopen the unrouted events whose installation is connected now, and return their number.

        Events that were received more than 72 hours ago become ignored (`before_binding`) instead.
        """

    async def record_batch_start(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record that a drain starts to process these events, and commit.

        If another drain has not recorded the end of its batch, return that batch and change nothing. Call this in a
        separate transaction, before any other write, while another transaction holds the lane. The record survives
        the end of this process. A crash of the storage can lose it, but then nothing was processed.
        """

    async def record_batch_end(self, lane: int, *, drain_id: UUID) -> None:
        """Record in this transaction that the drain's batch has ended."""


class WorkerNotifier(Protocol):
    """Notifies workers of due events. A notification can be lost: the scheduler notifies again.

    A second notification for a lane is dropped until a worker acknowledges the first, for at most 30 seconds.
    """

    def notify(self, lane: int) -> None:
        """Notify a worker for this lane. Returns at once, never raises and never waits for the network."""

    async def notify_due(self, lanes: Collection[int]) -> None:
        """Notify workers for lanes that have due events. No notification is dropped."""

    async def acknowledge(self, lane: int) -> None:
        """Allow new notifications for this lane. Call it before reading the lane. Never raises."""
