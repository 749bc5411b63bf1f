from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.events.attempt import Attempt
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.events.event_query import EventQuery
from core.domain.events.metrics import Bucket, ResultCount
from core.domain.events.summary import EventKind
from core.domain.identifiers import EventId, OrganizationId, RepoId


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which webhook events; None means any. An organization sees only events that were routed to it.

    `project_id` is the external id of a project of that organization that the event was delivered to. With
    `reopenable_at`, only events that can be reopened at that time. Only `scan` supports the fields from `repo_id` on:
    `branch` and `actor` (a login, in any case) are those of the summary, and `is_linked` means events that concern a
    project.
    """

    organization_id: OrganizationId | None = None
    provider: str | None = None
    status: EventStatus | None = None
    event_type: str | None = None
    delivery_id: str | None = None
    project_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    reopenable_at: datetime | None = None
    repo_id: RepoId | None = None
    query: EventQuery | None = None
    branch: str | None = None
    actor: str | None = None
    kinds: frozenset[EventKind] = frozenset()
    is_linked: bool = False

    @property
    def needs_scan(self) -> bool:
        """Whether only `scan` supports the filter."""
        return bool(self.repo_id or self.query or self.branch or self.actor or self.kinds or self.is_linked)


@dataclass(frozen=True, slots=True)
class EventScan:
    """The matching events that a scan found, the newest first. `reached` is None if no older events remain.

    Otherwise it is the `before` of the scan that continues, even if this scan found no event.
    """

    events: Sequence[WebhookEvent]
    reached: EventId | None


class EventStore(Protocol):
    """The stored webhook events, as users and operators see them."""

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[WebhookEvent]:
        """Return webhook events with an id below `before`, the newest first.

        The order is the order of arrival. `since` is exact unless the clock that stamps events was set back by more
        than five minutes. `project_id` and `reopenable_at` need an organization.
        """

    async def scan(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> EventScan:
        """Return at most `limit` events that match, with a bounded amount of work.

        Needs an organization. A query that is the delivery id or the key of events finds only these. Any other query
        finds events whose headline or ref contains it, in any case.
        """

    async def find(self, provider: str, delivery_id: str) -> WebhookEvent | None:
        """Return a webhook event, or None."""

    async def list_by_prefix(self, provider: str, prefix: str, *, limit: int) -> Sequence[WebhookEvent]:
        """Return at most `limit` events whose delivery ids begin with `prefix`, in the order of their ids.

        The time grows with the number of events, unless the database compares text by bytes.
        """

    async def find_by_id(self, event_id: EventId) -> WebhookEvent | None:
        """Return the event with this id, or None."""

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the signed bytes, or None after retention deleted them; raises `PayloadDamaged`."""

    async def find_payloads(self, event_ids: Sequence[EventId], *, max_bytes: int) -> Mapping[EventId, bytes]:
        """Return the signed bytes of the first of these events by event id, until they have `max_bytes` in total.

        Payloads that retention deleted, or that are damaged, are left out.
        """

    async def has_payload(self, event_id: EventId) -> bool:
        """Return whether the signed bytes are still stored."""

    async def count_results(
        self, organization_id: OrganizationId, *, since: datetime, until: datetime, bucket: Bucket
    ) -> Sequence[ResultCount]:
        """Return how often the processing of the organization's events ended, in any order.

        An interval counts if it starts in the range: an hour, or a day of UTC. Events that ended before counts were
        kept are missing, and a retry does not remove an earlier result.
        """

    async def reopen(
        self, event_ids: Sequence[EventId], *, now: datetime, requested_by: str | None = None
    ) -> Sequence[EventId]:
        """Make those of these events due that `can_reopen` allows and that have a payload; return their ids.

        The result of the last attempt stays as one of the event's attempts. The next one is `requested_by` an actor.
        """

    async def find_oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received, or None."""


class EventAttemptStore(Protocol):
    """The attempts to process webhook events. The operations that end an attempt or request one store them.

    Guaranteed: an attempt that has ended is never changed. It is deleted with its event. Not guaranteed: an attempt
    that ended in a release before attempts were stored.
    """

    async def list_by_event(self, event_id: EventId) -> Sequence[Attempt]:
        """Return the attempts of an event in their order; the last one is `pending` while the event is.

        Returns an empty list if the event does not exist.
        """
