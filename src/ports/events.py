from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.identifiers import EventId, OrganizationId


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None means any. An organization sees only events routed to it.

    `project_id` is the external id of a project of that organization, which was told of the event;
    `reopenable_at` leaves only those that could be reopened at that time.
    """

    organization_id: OrganizationId | None = None
    provider: str | None = None
    status: EventStatus | None = None
    event_type: str | None = None
    delivery_id: str | None = None
    project_id: UUID | None = None
    since: datetime | None = None
    reopenable_at: datetime | None = None


class EventStore(Protocol):
    """The ledger as people look at it."""

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[WebhookEvent]:
        """Return events, newest first, those below `before` only.

        Newest first means in the order received. `since` is exact unless the clock that stamps events was set
        back by more than five minutes meanwhile. `project_id` and `reopenable_at` need an organization.
        """

    async def find(self, provider: str, delivery_id: str) -> WebhookEvent | None:
        """Return one event."""

    async def list_by_prefix(self, provider: str, prefix: str, *, limit: int) -> Sequence[WebhookEvent]:
        """Return at most `limit` events whose delivery ids begin with `prefix`, in the order of their ids.

        The time grows with the number of events, unless the database compares text by bytes.
        """

    async def find_by_id(self, event_id: EventId) -> WebhookEvent | None:
        """Return the event with this id, or None."""

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the bytes that were signed, None once retention removed them; raises `PayloadDamaged`."""

    async def has_payload(self, event_id: EventId) -> bool:
        """Tell whether the bytes that were signed are still kept."""

    async def reopen(self, event_ids: Sequence[EventId], *, now: datetime) -> Sequence[EventId]:
        """Make those among these that `may_reopen` and have their payload pending and due; return which."""

    async def find_oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received."""
