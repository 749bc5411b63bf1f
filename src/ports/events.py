from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.events import Event, EventStatus
from core.domain.identifiers import EventId, OrganizationId


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None means any. An organization sees only events routed to it."""

    organization_id: OrganizationId | None = None
    status: EventStatus | None = None
    event_type: str | None = None
    delivery_id: str | None = None
    since: datetime | None = None


class EventStore(Protocol):
    """The ledger as people look at it."""

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[Event]:
        """Return events, newest first, those below `before` only."""

    async def find(self, provider: str, delivery_id: str) -> Event | None:
        """Return one event."""

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the bytes that were signed; None once retention removed them."""

    async def reopen(self, event_ids: Sequence[EventId], *, now: datetime) -> Sequence[EventId]:
        """Make failed, ignored and unrouted ones among these pending and due; return which they were."""

    async def oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received."""
