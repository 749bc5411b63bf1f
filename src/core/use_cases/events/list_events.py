from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.events.event_query import EventQuery
from core.domain.events.summary import EventKind
from core.domain.events.views import EventView
from core.domain.identifiers import EventId, RepoId
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.events.describe_events import DescribeEvents
from core.use_cases.events.scope import EventScope, require_read_in_scope
from ports.events import EventFilter
from ports.unit_of_work import Transaction, UnitOfWork

_ACTIVITY = frozenset({EventKind.PUSH, EventKind.PULL_REQUEST})


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events, newest first. `next` is the `before` of the following page, None on the last page.

    A page that was searched for can be short, or empty, and still have a following page. `repositories` has the full
    names in the catalog by event id, if the caller requested them.
    """

    views: Sequence[EventView]
    next: EventId | None
    repositories: Mapping[EventId, str]

    @property
    def events(self) -> Sequence[WebhookEvent]:
        """The stored events."""
        return [view.event for view in self.views]


@dataclass(frozen=True, slots=True)
class ListEvents:
    """List the webhook events of an organization or, for operators, of all organizations."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    describe: DescribeEvents

    async def __call__(
        self,
        actor: Actor,
        scope: EventScope,
        *,
        where: EventFilter,
        limit: int = 50,
        before: EventId | None = None,
        with_repositories: bool = False,
    ) -> EventPage:
        """Return at most `limit` events below `before`. An organization's scope replaces that of `where`.

        Raises `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization, can_read_payload = await require_read_in_scope(self.access_control, actor, scope, where.provider)
        if organization is not None:
            where = replace(where, organization_id=organization.id)
        if where.query is not None and not can_read_payload:
            # A search must not reveal the content that the summaries do not show.
            where = replace(where, query=replace(where.query, linked_only=True))
        async with self.unit_of_work() as tx:
            events, reached = await _find(tx, where, limit=limit + 1, before=before)
            page = events[:limit]
            views = await self.describe(tx, organization, page, can_read_payload=can_read_payload)
            repositories = await name_repositories(tx, page) if with_repositories else {}
        return EventPage(views, page[-1].id if len(events) > limit else reached, repositories)


async def _find(
    tx: Transaction, where: EventFilter, *, limit: int, before: EventId | None
) -> tuple[Sequence[WebhookEvent], EventId | None]:
    if not where.needs_scan:
        return await tx.events.list(where, limit=limit, before=before), None
    result = await tx.events.scan(where, limit=limit, before=before)
    return result.events, result.reached


def filter_activity(
    kind: str | None,
    *,
    project_id: UUID | None,
    repo_id: RepoId | None,
    branch: str | None,
    actor: str | None,
    query: EventQuery | None,
    since: datetime | None,
    until: datetime | None,
) -> EventFilter:
    """Return the filter for pushes and pull requests that reached a project; `kind` is one of the two, or None."""
    return EventFilter(
        status=EventStatus.PROCESSED,
        project_id=project_id,
        since=since,
        until=until,
        repo_id=repo_id,
        query=query,
        branch=branch,
        actor=actor,
        kinds=frozenset({EventKind(kind)}) if kind else _ACTIVITY,
    )


@dataclass(frozen=True, slots=True)
class ListEventsByPrefix:
    """List the events of all organizations whose delivery ids start with a text. For operators only."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(self, actor: Actor, *, provider: str, prefix: str, limit: int) -> Sequence[WebhookEvent]:
        """Return the event with exactly this delivery id, or else at most `limit` events with the prefix.

        Raises `ActionForbidden`.
        """
        self.access_control.require_everywhere(actor, Action.READ)
        async with self.unit_of_work() as tx:
            event = await tx.events.find(provider, prefix)
            if event is not None:
                return [event]
            return await tx.events.list_by_prefix(provider, prefix, limit=limit)


async def name_repositories(tx: Transaction, events: Sequence[WebhookEvent]) -> Mapping[EventId, str]:
    """Return the full name of each event's repository by event id, if the catalog has the repository."""
    keys = {
        event.id: (event.integration_id, event.repo_id)
        for event in events
        if event.integration_id is not None and event.repo_id is not None
    }
    rows = await tx.catalog.find_repositories(set(keys.values())) if keys else []
    names = {(row.integration_id, row.repo_id): row.full_name for row in rows}
    return {event_id: names[key] for event_id, key in keys.items() if key in names}
