"""Searches of webhook events with a bounded amount of work, for filters that no index supports.

A scan reads the newest events of each kind like a list, and then filters them. It returns the id from which the next
scan continues. A query that is a delivery id, a pull request's number or the beginning of a commit uses an index.
"""

from collections.abc import Mapping
from functools import cache

from psycopg.sql import SQL, Composable

from adapters.postgres.connection.session import Session
from adapters.postgres.queries.webhook_events import (
    CONDITIONS,
    LOOKED_UP,
    PROVIDER,
    SCAN_CONDITIONS,
    join_conditions,
    read_events,
    read_parameters,
    render_lookup,
    render_newest,
)
from adapters.postgres.rows.webhook_events import EVENTS
from core.domain.identifiers import EventId
from ports.events import EventFilter, EventScan

# Reading and filtering this many rows takes about ten milliseconds.
_SCAN = 2_000
# Usually enough for a page, in a tenth of the time.
_FIRST_SCAN = 250

# Like `_WALKED`, but filters that no index supports apply to the events of the walk. So the work is bounded, and the
# statement returns the id from which the next scan continues. Without a match it returns one row of nulls.
_SCANNED = SQL("""
    WITH RECURSIVE kind AS ({kinds}),
    newest AS ({newest})
    SELECT reached.id, {columns}
    FROM (SELECT CASE WHEN count(*) = {steps} THEN min(id) END AS id FROM newest) AS reached
    LEFT JOIN LATERAL (
        SELECT e.*
        FROM newest
        CROSS JOIN LATERAL (SELECT * FROM git_webhook_events AS e WHERE e.id = newest.id OFFSET 0) AS e
        WHERE {visible}
        ORDER BY e.id DESC LIMIT %(limit)s
    ) AS e ON true
    ORDER BY e.id DESC
""")
# Events whose key is the typed one; without a key only a delivery id can match.
_OF_KEY = SQL("""
    UNION ALL
    SELECT * FROM (
        SELECT e.*
        FROM git_integrations AS i
        JOIN git_webhook_events AS e
            ON e.git_integration_id = i.id AND e.search_key >= %(key)s AND {key_matches}
        WHERE i.organization_id = %(organization_id)s AND e.git_integration_id IS NOT NULL AND e.search_key IS NOT NULL
        OFFSET 0
    ) AS e
""")
_KEY_MATCHES: Mapping[str, Composable] = {
    "key": SQL("""e.search_key <= %(key)s"""),
    # No character of a key sorts after a tilde.
    "key_prefix": SQL("""e.search_key < %(key)s || '~'"""),
}


async def scan(
    session: Session, where: EventFilter, *, limit: int, before: EventId | None, steps: int = _SCAN
) -> EventScan:
    """Return at most `limit` events that match among the newest `steps` below `before`, or those of a typed key."""
    parameters = await read_parameters(session, where, limit=limit, before=before)
    names = (*CONDITIONS, *SCAN_CONDITIONS, "provider")
    given = tuple(name for name in names if name in parameters)
    if query := where.query:
        parameters |= {"text": query.text, "key": query.key}
        key = ("key_prefix" if query.is_prefix else "key",) if query.key else ()
        if events := await read_events(session, render_query(given, key), parameters):
            return EventScan(events, None)
        given += ("text", "is_linked") if query.linked_only else ("text",)
    for size in (min(_FIRST_SCAN, steps), steps):
        rows = await session.read(render_scan(given, size), parameters)
        reached = rows[0][0]
        events = EVENTS.to_list([row[1:] for row in rows if row[1] is not None])
        if reached is None or len(events) >= limit:
            break
    if where.project_id is not None and where.query is None and len(events) < limit:
        return EventScan(await read_events(session, render_lookup(given), parameters), None)
    return EventScan(events, reached)


@cache
def render_scan(given: tuple[str, ...], steps: int) -> str:
    """Return the statement that selects from the newest `steps` events, and returns whether there are older ones."""
    return render_newest(_SCANNED, given, steps, visible=join_conditions(SCAN_CONDITIONS, given))


@cache
def render_query(given: tuple[str, ...], key: tuple[str, ...]) -> str:
    """Return the statement that finds events by their delivery id, or by the key that it may also be."""
    return LOOKED_UP.format(
        columns=EVENTS.columns,
        found=SQL("e.delivery_id = %(text)s"),
        open=_OF_KEY.format(key_matches=_KEY_MATCHES[key[0]]) if key else SQL(""),
        of_provider=join_conditions(PROVIDER, given),
        matches=join_conditions({**CONDITIONS, **SCAN_CONDITIONS}, given),
    ).as_string()
