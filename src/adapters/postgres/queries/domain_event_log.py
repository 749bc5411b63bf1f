"""How the log of domain events is read: stretch by stretch, each in one statement and so of one moment.

Ids are in the order of commits (see `PostgresDomainEventStore`), so what a statement sees up to the newest id
is all there will ever be up to it.
"""

from collections.abc import Collection
from functools import cache

from psycopg.sql import SQL, Literal

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Parameters, Session
from adapters.postgres.rows.domain_events import COLUMNS, JOINS, WIDTH, recorded
from core.domain.identifiers import OrganizationId
from core.domain.streams.stream import Bounds, StreamFilter
from ports.domain_events import EventPage

_BOUNDS = "SELECT min(id), max(id) FROM git_domain_events"

# The rows are chosen before anything is joined to them, and how many is written out: whatever the planner
# believes about the rest, it looks up so many rows by their keys.
_STRETCH = SQL("""
    SELECT head.id, {columns}
    FROM (SELECT coalesce(max(id), 0) AS id FROM git_domain_events) AS head
    LEFT JOIN LATERAL ({chosen} LIMIT {limit}) AS d ON true
    {joins}
    ORDER BY d.id
""")
# Compared and ordered as pairs: given the organization by an equality, the planner might look for the few
# events of a quiet one by reading everybody's.
_OF_ORGANIZATION = SQL("""
    SELECT * FROM git_domain_events AS d
    WHERE (d.organization_id, d.id) > (%(organization_id)s, %(after)s)
        AND d.organization_id <= %(organization_id)s
        {conditions}
    ORDER BY d.organization_id, d.id
""")
# OFFSET 0 keeps the organizations out of the planner's sight: the stretch is short, and they may be many.
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


async def bounds(session: Session) -> Bounds:
    """Return which events are kept."""
    [row] = await session.read(_BOUNDS)
    return Bounds(*row)


async def of_organization(
    session: Session, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
) -> EventPage:
    """Return an organization's events behind a cursor, at most `limit` of those wanted."""
    asked: dict[str, object] = {"organization_id": organization_id, "after": after}
    given = []
    if wanted.types:
        given.append("types")
        asked["types"] = Texts([event_type.value for event_type in wanted.types])
    if wanted.project_ids:
        given.append("project_ids")
        asked["project_ids"] = Texts([str(project_id) for project_id in wanted.project_ids])
    return await _read(session, of_organization_statement(tuple(given), limit), asked, after, limit)


async def of_organizations(
    session: Session, organization_ids: Collection[OrganizationId], *, after: int, limit: int
) -> EventPage:
    """Return the events of all these organizations behind a cursor, at most `limit`."""
    asked = {"organization_ids": Bigints(list(organization_ids)), "after": after}
    return await _read(session, of_organizations_statement(limit), asked, after, limit)


async def _read(session: Session, statement: str, asked: Parameters, after: int, limit: int) -> EventPage:
    rows = await session.read(statement, asked)
    events = [recorded(row[1 : 1 + WIDTH]) for row in rows if row[1] is not None]
    reached = events[-1].id if len(events) == limit else max(after, rows[0][0])
    return EventPage(events, reached)


@cache
def of_organization_statement(given: tuple[str, ...], limit: int) -> str:
    """Return the statement for these conditions."""
    conditions = SQL(" ").join([_CONDITIONS[name] for name in given])
    chosen = _OF_ORGANIZATION.format(conditions=conditions)
    return _STRETCH.format(columns=COLUMNS, joins=JOINS, chosen=chosen, limit=Literal(limit)).as_string()


@cache
def of_organizations_statement(limit: int) -> str:
    """Return the statement that follows several."""
    return _STRETCH.format(columns=COLUMNS, joins=JOINS, chosen=_OF_ORGANIZATIONS, limit=Literal(limit)).as_string()
