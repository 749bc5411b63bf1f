from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from psycopg.sql import SQL, Composable, Literal

from adapters.postgres.connection import locks
from adapters.postgres.connection.packed_arrays import Bigints, Documents, Smallints, Texts, Timestamps
from adapters.postgres.connection.session import Parameters, Session
from adapters.postgres.rows.domain_events import EVENTS, JOINS, to_recorded_event
from adapters.postgres.rows.sql import render
from core.domain.identifiers import EventId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, EventData, PushData, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter
from ports.domain_events import DomainEventStore, EventPage

_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_RECORD = """
    INSERT INTO git_domain_events (
        type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    )
    SELECT type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    FROM unnest(
        %s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::text[], %s::timestamptz[], %s::jsonb[]
    ) AS fact (
        type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    )
    ON CONFLICT DO NOTHING
"""
_SELECT = SQL("SELECT {columns} FROM git_domain_events AS d {joins}").format(columns=EVENTS.columns, joins=JOINS)
_AFTER = render("{select} WHERE d.id > %s ORDER BY d.id LIMIT %s", select=_SELECT)
_OF_SOURCE = render("{select} WHERE d.git_webhook_event_id = %s ORDER BY d.id", select=_SELECT)


_BOUNDS = "SELECT min(id), max(id) FROM git_domain_events"

# A page is one statement, so it sees one moment. Ids are in the order of commits: no event can appear later with
# an id up to the newest id of that moment. The rows are selected before other tables are joined, and the limit is
# a literal, so the planner looks up that many rows by their keys.
_PAGE = SQL("""
    SELECT head.id, {columns}
    FROM (SELECT coalesce(max(id), 0) AS id FROM git_domain_events) AS head
    LEFT JOIN LATERAL ({source} LIMIT {limit}) AS d ON true
    {joins}
    ORDER BY d.id
""")
# Compared and ordered as pairs. With an equality for the organization, the planner might find the few events of
# a quiet organization by reading the events of all.
_OF_ORGANIZATION = SQL("""
    SELECT * FROM git_domain_events AS d
    WHERE (d.organization_id, d.id) > (%(organization_id)s, %(after)s)
        AND d.organization_id <= %(organization_id)s
        {conditions}
    ORDER BY d.organization_id, d.id
""")
# OFFSET 0 hides the organizations from the planner: the page is short, and there may be many organizations.
_OF_ORGANIZATIONS = SQL("""
    SELECT * FROM (SELECT * FROM git_domain_events WHERE id > %(after)s ORDER BY id OFFSET 0) AS d
    WHERE d.organization_id = ANY(%(organization_ids)s::bigint[])
    ORDER BY d.id
""")
_CONDITIONS = {
    "types": SQL("AND d.type = ANY(%(types)s::text[])"),
    "project_ids": SQL("""
        AND d.project_id = ANY(ARRAY(
            SELECT id FROM projects
            WHERE external_id = ANY(%(project_ids)s::text[]::uuid[])
                AND organization_id = %(organization_id)s
        ))
    """),
}


class PostgresDomainEventStore(DomainEventStore):
    """The table `git_domain_events`.

    Ids are in the order of commits: a transaction that inserts holds one lock from before its first id until its
    commit. Events are therefore collected here until the commit, so that the lock is held for one round trip.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._appended: list[DomainEvent] = []

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add events. They become visible when the transaction commits."""
        self._appended.extend(events)

    def take_statements(self) -> list[tuple[str, Parameters]]:
        """Return the statements that record the appended events, to be run last before the commit."""
        if not self._appended:
            return []
        events, self._appended = self._appended, []
        lock = (_LOCK, (locks.CLASS, locks.DOMAIN_EVENTS))
        return [lock, (_RECORD, _to_columns(events))]

    async def list_after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return events with a larger id than `cursor`, in order."""
        return [to_recorded_event(row) for row in await self._session.read(_AFTER, (cursor, limit))]

    async def get_bounds(self) -> Bounds:
        """Return the ids of the oldest and the newest stored event."""
        [row] = await self._session.read(_BOUNDS)
        return Bounds(*row)

    async def list_by_organization(
        self, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
    ) -> EventPage:
        """Return at most `limit` events of an organization that match, after a cursor."""
        parameters: dict[str, object] = {"organization_id": organization_id, "after": after}
        if wanted.types:
            parameters["types"] = Texts([event_type.value for event_type in wanted.types])
        if wanted.project_ids:
            parameters["project_ids"] = Texts([str(project_id) for project_id in wanted.project_ids])
        conditions = tuple(name for name in _CONDITIONS if name in parameters)
        return await self._read_page(render_organization_page(conditions, limit), parameters, after, limit)

    async def list_by_organizations(
        self, organization_ids: Collection[OrganizationId], *, after: int, limit: int
    ) -> EventPage:
        """Return at most `limit` events of these organizations, after a cursor."""
        parameters = {"organization_ids": Bigints(list(organization_ids)), "after": after}
        return await self._read_page(render_organizations_page(limit), parameters, after, limit)

    async def list_by_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the events that a webhook event caused, in order."""
        return [to_recorded_event(row) for row in await self._session.read(_OF_SOURCE, (event_id,))]

    async def _read_page(self, statement: str, parameters: Parameters, after: int, limit: int) -> EventPage:
        rows = await self._session.read(statement, parameters)
        events = [to_recorded_event(row[1 : 1 + EVENTS.width]) for row in rows if row[1] is not None]
        reached = events[-1].id if len(events) == limit else max(after, rows[0][0])
        return EventPage(events, reached)


@cache
def render_organization_page(conditions: tuple[str, ...], limit: int) -> str:
    """Return the statement that reads a page of one organization's events."""
    return _render_page(
        _OF_ORGANIZATION.format(conditions=SQL(" ").join([_CONDITIONS[name] for name in conditions])), limit
    )


@cache
def render_organizations_page(limit: int) -> str:
    """Return the statement that reads a page of several organizations' events."""
    return _render_page(_OF_ORGANIZATIONS, limit)


def _render_page(source: Composable, limit: int) -> str:
    return _PAGE.format(columns=EVENTS.columns, joins=JOINS, source=source, limit=Literal(limit)).as_string()


def _to_columns(events: Sequence[DomainEvent]) -> Parameters:
    # Events of several projects share one data object, which is encoded once.
    data = {id(event.data): _convert_to_utc(event.data) for event in events}
    return (
        Texts([event.type.value for event in events]),
        Smallints([event.version for event in events]),
        Bigints([event.organization_id for event in events]),
        Bigints([event.project_id for event in events]),
        Bigints([event.link_id for event in events]),
        Bigints([event.integration_id for event in events]),
        Bigints([event.source_event_id for event in events]),
        Texts([event.repo_id for event in events]),
        Timestamps([event.occurred_at for event in events]),
        Documents([data[id(event.data)] for event in events]),
    )


def _convert_to_utc(data: EventData) -> EventData:
    """Return the data with its times in UTC. Only the times of commits have other zones: those of their authors."""
    if not isinstance(data, PushData) or all(_is_utc(commit.timestamp) for commit in data.commits):
        return data
    commits = tuple(
        replace(commit, timestamp=commit.timestamp.astimezone(UTC)) if commit.timestamp else commit
        for commit in data.commits
    )
    return replace(data, commits=commits)


def _is_utc(time: datetime | None) -> bool:
    return time is None or time.tzinfo is UTC
