from collections.abc import Sequence
from typing import Protocol

from core.domain.domain_events import DomainEvent, RecordedEvent
from core.domain.identifiers import EventId


class DomainEventStore(Protocol):
    """The outbox, which is also the consumers' log.

    Promised: an event's id is larger than that of every event committed before it, so a reader that goes
    on from the last id it saw misses nothing; the same fact of the same source event is kept once.
    """

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add facts; they become visible when the transaction commits."""

    async def after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return facts with a larger id than `cursor`, in order."""

    async def of_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the facts one delivery led to, in order."""
