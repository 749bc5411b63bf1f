from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.identifiers import EventId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter


@dataclass(frozen=True, slots=True)
class EventPage:
    """What is found on a stretch of the log, in order, and how far was looked.

    There is nothing more to be found up to `reached`, whoever commits later.
    """

    events: Sequence[RecordedEvent]
    reached: int


class DomainEventStore(Protocol):
    """The outbox, which is also the consumers' log.

    Promised: an event's id is larger than that of every event committed before it, so a reader that goes
    on from the last id it saw misses nothing; the same fact of the same source event is kept once. Whoever
    removes old events removes them in order, and never the newest.
    """

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add facts; they become visible when the transaction commits."""

    async def list_after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return facts with a larger id than `cursor`, in order."""

    async def get_bounds(self) -> Bounds:
        """Return which events are kept."""

    async def list_by_organization(
        self, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
    ) -> EventPage:
        """Return an organization's events behind a cursor, at most `limit` of those wanted."""

    async def list_by_organizations(
        self, organization_ids: Collection[OrganizationId], *, after: int, limit: int
    ) -> EventPage:
        """Return the events of all these organizations behind a cursor, at most `limit`.

        Meant for whoever follows the log closely: the stretch behind the cursor is looked through as a whole.
        """

    async def list_by_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the facts one delivery led to, in order."""
