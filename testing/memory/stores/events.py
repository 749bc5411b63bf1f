from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.events.event import EventStatus, WebhookEvent, can_reopen
from core.domain.events.event_query import EventQuery
from core.domain.events.metrics import Bucket, ResultCount
from core.domain.events.summary import EventKind
from core.domain.identifiers import EventId, OrganizationId
from ports.events import EventFilter, EventScan, EventStore
from testing.memory.database import Session
from testing.memory.stores.event_attempts import begin_attempt


class MemoryEventStore(EventStore):
    """The stored webhook events in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[WebhookEvent]:
        """Return events, newest first, those below `before` only."""
        newest_first = sorted(self._session.state.events.items(), reverse=True)
        matching = [
            event
            for event_id, event in newest_first
            if (before is None or event_id < before) and self._matches(event, where)
        ]
        return matching[:limit]

    async def scan(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> EventScan:
        """Return all events that match: a scan of memory needs no bound."""
        if where.query is None:
            return EventScan(await self.list(where, limit=limit, before=before), None)
        query, rest = where.query, replace(where, query=None)
        events = await self.list(rest, limit=len(self._session.state.events), before=before)
        found = [event for event in events if _is_named(event, query)] or [
            event for event in events if _contains(event, query) and (event.project_ids or not query.linked_only)
        ]
        return EventScan(found[:limit], None)

    async def find(self, provider: str, delivery_id: str) -> WebhookEvent | None:
        """Return one event."""
        for event in self._session.state.events.values():
            if (event.provider, event.delivery_id) == (provider, delivery_id):
                return event
        return None

    async def list_by_prefix(self, provider: str, prefix: str, *, limit: int) -> Sequence[WebhookEvent]:
        """Return at most `limit` events whose delivery ids begin with `prefix`."""
        matching = [
            event
            for event in self._session.state.events.values()
            if event.provider == provider and event.delivery_id.startswith(prefix)
        ]
        return sorted(matching, key=lambda event: event.delivery_id)[:limit]

    async def find_by_id(self, event_id: EventId) -> WebhookEvent | None:
        """Return the event with this id, or None."""
        return self._session.state.events.get(event_id)

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the bytes that were signed."""
        return self._session.state.payloads.get(event_id)

    async def find_payloads(self, event_ids: Sequence[EventId], *, max_bytes: int) -> Mapping[EventId, bytes]:
        """Return the bytes that were signed, until they have `max_bytes` in total."""
        found = {}
        for event_id in event_ids:
            payload = self._session.state.payloads.get(event_id)
            max_bytes -= len(payload or b"")
            if max_bytes < 0:
                break
            if payload is not None:
                found[event_id] = payload
        return found

    async def has_payload(self, event_id: EventId) -> bool:
        """Return whether the signed bytes are still stored."""
        return event_id in self._session.state.payloads

    async def count_results(
        self, organization_id: OrganizationId, *, since: datetime, until: datetime, bucket: Bucket
    ) -> Sequence[ResultCount]:
        """Return the counts of each hour."""
        integrations = self._session.state.integrations
        return [
            ResultCount(bucket.floor(hour), status, duration_class, events)
            for (integration_id, hour, status, duration_class), events in self._session.state.result_counts.items()
            if integrations[integration_id].organization_id == organization_id and since <= hour < until
        ]

    async def reopen(
        self, event_ids: Sequence[EventId], *, now: datetime, requested_by: str | None = None
    ) -> Sequence[EventId]:
        """Make those among these that may be retried pending and due, and store their last attempt."""
        state = await self._session.writable()
        events = state.events
        reopened = sorted(
            event_id for event_id in set(event_ids) if event_id in events and self._may_reopen(events[event_id], now)
        )
        for event_id in reopened:
            begin_attempt(state, event_id, requested_by)
            events[event_id] = replace(
                events[event_id],
                status=EventStatus.PENDING,
                attempts=0,
                next_attempt_at=now,
                verdicts=(),
                error_message=None,
                processed_at=None,
            )
        return reopened

    async def find_oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received."""
        return min(
            (event.created_at for event in self._session.state.events.values() if event.is_due(now)), default=None
        )

    def _matches(self, event: WebhookEvent, where: EventFilter) -> bool:
        return (
            (where.organization_id is None or self._organization(event) == where.organization_id)
            and where.status in (None, event.status)
            and where.provider in (None, event.provider)
            and (where.project_id is None or self._is_of_project(event, where))
            and (where.reopenable_at is None or self._may_reopen(event, where.reopenable_at))
            and where.event_type in (None, event.event_type)
            and where.delivery_id in (None, event.delivery_id)
            and (where.since is None or event.created_at >= where.since)
            and (where.until is None or event.created_at < where.until)
            and where.repo_id in (None, event.repo_id)
            and (not where.is_linked or bool(event.project_ids))
            and (not where.kinds or _kind(event) in where.kinds)
            and (where.branch is None or (event.summary is not None and event.summary.ref == where.branch))
            and (where.actor is None or _login(event) == where.actor.casefold())
        )

    def _is_of_project(self, event: WebhookEvent, where: EventFilter) -> bool:
        """Return whether an event belongs to the project of the filter.

        An event that failed or is pending has no verdict, so its repository's link names the project.
        """
        state = self._session.state
        project_ids = set(event.project_ids)
        if not project_ids and event.status in (EventStatus.FAILED, EventStatus.PENDING):
            project_ids = {
                link.project_id
                for link in state.links.values()
                if (link.integration_id, link.repo_id) == (event.integration_id, event.repo_id)
            }
        return any(
            project.external_id == where.project_id and project.organization_id == where.organization_id
            for project in map(state.projects.get, project_ids)
            if project is not None
        )

    def _may_reopen(self, event: WebhookEvent, now: datetime) -> bool:
        state = self._session.state
        owner = state.integrations[event.integration_id] if event.integration_id else None
        return event.id in state.payloads and can_reopen(event, owner, now=now)

    def _organization(self, event: WebhookEvent) -> int | None:
        if event.integration_id is None:
            return None
        return self._session.state.integrations[event.integration_id].organization_id


def _is_named(event: WebhookEvent, query: EventQuery) -> bool:
    key = event.summary.search_key if event.summary else None
    return event.delivery_id == query.text or query.matches_key(key)


def _contains(event: WebhookEvent, query: EventQuery) -> bool:
    texts = (event.summary.headline, event.summary.ref) if event.summary else ()
    return any(query.text.lower() in text.lower() for text in texts if text)


def _kind(event: WebhookEvent) -> EventKind | None:
    """Return the kind; GitHub's names of the types are kinds, for events from before summaries were stored."""
    if event.summary:
        return event.summary.kind
    return EventKind(event.event_type) if event.event_type in {kind.value for kind in EventKind} else None


def _login(event: WebhookEvent) -> str | None:
    return event.summary.actor.login.casefold() if event.summary and event.summary.actor else None
