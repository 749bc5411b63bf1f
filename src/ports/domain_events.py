from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.identifiers import EventId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events of a range of the log, in order, and the end of the range.

    No event with an id up to `reached` can appear later.
    """

    events: Sequence[RecordedEvent]
    reached: int


class DomainEventStore(Protocol):
    """The outbox, which is also the log that consumers read.

    Guaranteed: the id of an event is larger than the ids of all events committed before it, so a reader that
    continues from the last id that it received misses nothing. The same fact of the same source event is stored once.
    Old events are deleted in order, and never the newest.
    """

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add events. They become visible when the transaction commits."""

    async def list_after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return the events with an id above `cursor`, in order."""

    async def get_bounds(self) -> Bounds:
        """Return the ids of the oldest and the newest stored event."""

    async def list_by_organization(
        self, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
    ) -> EventPage:
        """Return at most `limit` of an organization's events after a cursor that match the filter."""

    async def list_by_organizations(
        self, organization_ids: Collection[OrganizationId], *, after: int, limit: int
    ) -> EventPage:
        """Return at most `limit` events of these organizations after a cursor.

        For readers that are close to the end of the log: every event after the cursor is scanned.
        """

    async def list_by_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the domain events of one webhook event, in order."""
