"""What users see of a webhook event besides its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.domain.events.event import Outcome, WebhookEvent
from core.domain.events.summary import EventSummary
from core.domain.provider import AccountUrls


@dataclass(frozen=True, slots=True)
class EventProject:
    """A project that an event concerns, with the decision for its link.

    `outcome` and `reason` are None while the event has no verdicts: it is pending, or it failed.
    """

    id: UUID
    name: str
    outcome: Outcome | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class EventView:
    """A webhook event with what it says and the projects it concerns.

    `summary` is None if the payload cannot be read, or if it was deleted before summaries were stored.
    """

    event: WebhookEvent
    summary: EventSummary | None = None
    projects: Sequence[EventProject] = ()
    actor_urls: AccountUrls | None = None

    @property
    def duration(self) -> timedelta | None:
        """The time from receiving the delivery to the end of processing, or None while it is pending."""
        return self.event.processed_at - self.event.created_at if self.event.processed_at else None
