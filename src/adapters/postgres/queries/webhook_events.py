"""How the ledger is listed, newest first, by statements that look at little more than they return.

An organization's events lie in an index by integration, status and type, each kind in the order received. The
newest of each kind, then the newest of these: that serves every filter by status and type, and none. Which
kinds there are is found by leaping from one to the next. A project's events are met on such a walk where they
are many; where they are few, an index of projects finds them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from psycopg.sql import SQL, Composable, Literal

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows import webhook_events as ledger_rows
from adapters.postgres.rows.webhook_events import MAY_REOPEN, may_reopen_at
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.identifiers import EventId
from ports.events import EventFilter

# Rows are numbered in the order received, and stamped by clocks that may differ by so much.
_CLOCKS_DIFFER = timedelta(minutes=5)
_AFTER_ALL = 2**63 - 1
# A walk of about two milliseconds.
_WALK = 1_000

_ALL_KINDS = SQL("""
    SELECT i.id AS integration_id, wanted.status, first.event_type
    FROM git_integrations AS i
    CROSS JOIN unnest(%(statuses)s::text[]) AS wanted (status)
    CROSS JOIN LATERAL (
        SELECT e.event_type FROM git_webhook_events AS e
        WHERE e.git_integration_id = i.id AND e.status = wanted.status
        ORDER BY e.event_type LIMIT 1
    ) AS first
    WHERE i.organization_id = %(organization_id)s AND {of_provider}
    UNION ALL
    SELECT k.integration_id, k.status, next.event_type
    FROM kind AS k
    CROSS JOIN LATERAL (
        SELECT e.event_type FROM git_webhook_events AS e
        WHERE e.git_integration_id = k.integration_id AND e.status = k.status AND e.event_type > k.event_type
        ORDER BY e.event_type LIMIT 1
    ) AS next
""")
_KINDS_OF_TYPE = SQL("""
    SELECT i.id AS integration_id, wanted.status, %(event_type)s::text AS event_type
    FROM git_integrations AS i
    CROSS JOIN unnest(%(statuses)s::text[]) AS wanted (status)
    WHERE i.organization_id = %(organization_id)s AND {of_provider}
""")
# Compared and ordered as rows: given the kind by equalities, the planner might look for the few events of a
# rare one by reading everybody's backwards. OFFSET 0 keeps what follows out of its sight, here and below:
# events are fetched by their numbers, and nothing else.
_WALKED = SQL("""
    WITH RECURSIVE kind AS ({kinds}),
    newest AS (
        SELECT e.id
        FROM kind AS k
        CROSS JOIN LATERAL (
            SELECT e.id FROM git_webhook_events AS e
            WHERE e.git_integration_id IS NOT NULL
                AND (e.git_integration_id, e.status, e.event_type, e.id)
                    < (k.integration_id, k.status, k.event_type, %(before)s)
                AND (e.git_integration_id, e.status, e.event_type, e.id)
                    >= (k.integration_id, k.status, k.event_type, %(floor)s)
                AND {matches}
            ORDER BY e.git_integration_id DESC, e.status DESC, e.event_type DESC, e.id DESC
            LIMIT {steps}
        ) AS e
        ORDER BY e.id DESC LIMIT {steps}
    )
    SELECT {columns}
    FROM newest
    CROSS JOIN LATERAL (SELECT * FROM git_webhook_events AS e WHERE e.id = newest.id OFFSET 0) AS e
    WHERE {told}
    ORDER BY e.id DESC LIMIT %(limit)s
""")
_LOOKED_UP = SQL("""
    SELECT {columns}
    FROM ((SELECT * FROM git_webhook_events AS e WHERE {found} OFFSET 0) {open}) AS e
    JOIN git_integrations AS i ON i.id = e.git_integration_id
    WHERE i.organization_id = %(organization_id)s AND {of_provider}
        AND e.id < %(before)s AND e.status = ANY(%(statuses)s::text[]) AND {matches}
    ORDER BY e.id DESC LIMIT %(limit)s
""")
_OF_EVERYONE = SQL("""
    SELECT {columns} FROM git_webhook_events AS e
    WHERE e.id < %(before)s AND e.id >= %(floor)s AND {matches}
    ORDER BY e.id DESC LIMIT %(limit)s
""")
_OF_PROJECT = SQL("""
    e.project_ids @> ARRAY[(
        SELECT id FROM projects WHERE external_id = %(project_id)s AND organization_id = %(organization_id)s
    )]
""")
# An event that failed or is pending has no verdict, so its repository's link names the project.
_IS_OPEN = SQL("""
    e.status IN ('failed', 'pending') AND e.project_ids IS NULL
    AND e.git_integration_id IS NOT NULL AND e.repo_id IS NOT NULL
""")
_LINKED = SQL("""
    SELECT l.git_integration_id, l.repo_id
    FROM projects AS p
    JOIN project_repositories AS l ON l.project_id = p.id
    WHERE p.external_id = %(project_id)s AND p.organization_id = %(organization_id)s
""")
_FOR_PROJECT = SQL("({settled} OR ({is_open} AND (e.git_integration_id, e.repo_id) IN ({linked})))").format(
    settled=_OF_PROJECT, is_open=_IS_OPEN, linked=_LINKED
)
_OPEN_OF_PROJECT = SQL("""
    UNION ALL
    SELECT * FROM (
        SELECT e.*
        FROM ({linked}) AS link
        JOIN git_webhook_events AS e
            ON e.git_integration_id = link.git_integration_id AND e.repo_id = link.repo_id AND {is_open}
        OFFSET 0
    ) AS e
""").format(linked=_LINKED, is_open=_IS_OPEN)
# By halves: no index of times, which every delivery would pay for.
_FIRST_SINCE = """
    WITH RECURSIVE search AS (
        SELECT min(id) AS low, max(id) + 1 AS high FROM git_webhook_events
        UNION ALL
        SELECT
            CASE WHEN probe.created_at < %(time)s THEN probe.id + 1 ELSE low END,
            CASE WHEN probe.created_at < %(time)s THEN high ELSE low + (high - low) / 2 END
        FROM search
        CROSS JOIN LATERAL (
            SELECT id, created_at FROM git_webhook_events
            WHERE id >= low + (high - low) / 2 ORDER BY id LIMIT 1
        ) AS probe
        WHERE low < high
    )
    SELECT coalesce(max(low), 0) FROM search
"""
_ANY = SQL("true")
_PROVIDER: Mapping[str, Composable] = {"provider": SQL("i.provider = %(provider)s")}
_CONDITIONS: Mapping[str, Composable] = {
    "event_type": SQL("e.event_type = %(event_type)s"),
    "since": SQL("e.created_at >= %(since)s"),
    "reopenable": MAY_REOPEN,
}


async def search(session: Session, where: EventFilter, *, limit: int, before: EventId | None) -> Sequence[WebhookEvent]:
    """Return at most `limit` events that match, newest first, those below `before` only."""
    asked: dict[str, object] = {"limit": limit, "before": before or _AFTER_ALL, "floor": 0}
    wanted = {
        "event_type": where.event_type,
        "since": where.since,
        "delivery_id": where.delivery_id,
        "provider": where.provider,
        "project_id": where.project_id,
    }
    asked |= {name: value for name, value in wanted.items() if value is not None}
    if where.reopenable_at is not None:
        asked |= {"reopenable": True, **may_reopen_at(where.reopenable_at)}
    if where.since is not None:
        asked["floor"] = await _first_since(session, where.since)
    given = tuple(name for name in (*_CONDITIONS, "provider", "delivery_id", "project_id") if name in asked)
    if where.organization_id is None:
        return await _read(session, of_everyone(given, where.status), asked)
    asked["organization_id"] = where.organization_id
    asked["statuses"] = Texts([one.value for one in EventStatus if where.status in (None, one)])
    if where.delivery_id is not None:
        return await _read(session, looked_up(given), asked)
    if where.project_id is None:
        return await _read(session, walked(given, limit), asked)
    met = await _read(session, walked(given, _WALK), asked)
    return met if len(met) == limit else await _read(session, looked_up(given), asked)


async def _read(session: Session, statement: str, asked: dict[str, object]) -> Sequence[WebhookEvent]:
    return [ledger_rows.event(row) for row in await session.read(statement, asked)]


async def _first_since(session: Session, since: datetime) -> int:
    """Return an id below which nothing was received since then."""
    [(first,)] = await session.read(_FIRST_SINCE, {"time": since - _CLOCKS_DIFFER})
    return int(first)


# One text for each set of conditions given, so that each is planned for just these.


@cache
def walked(given: tuple[str, ...], steps: int) -> str:
    """Return the statement that walks each kind from its newest on, so many steps at most."""
    kinds = _KINDS_OF_TYPE if "event_type" in given else _ALL_KINDS
    return _WALKED.format(
        kinds=kinds.format(of_provider=_all_of(_PROVIDER, given)),
        columns=ledger_rows.COLUMNS,
        matches=_all_of(_CONDITIONS, given, but="event_type"),
        told=_FOR_PROJECT if "project_id" in given else _ANY,
        steps=Literal(steps),
    ).as_string()


@cache
def looked_up(given: tuple[str, ...]) -> str:
    """Return the statement that looks events up by delivery or by project."""
    found = {"delivery_id": SQL("e.delivery_id = %(delivery_id)s"), "project_id": _OF_PROJECT}
    return _LOOKED_UP.format(
        columns=ledger_rows.COLUMNS,
        found=_all_of(found, given),
        open=_OPEN_OF_PROJECT if "project_id" in given and "delivery_id" not in given else SQL(""),
        of_provider=_all_of(_PROVIDER, given),
        matches=_all_of(_CONDITIONS, given),
    ).as_string()


@cache
def of_everyone(given: tuple[str, ...], status: EventStatus | None) -> str:
    """Return the statement for whoever runs the service."""
    conditions = {
        **_CONDITIONS,
        "delivery_id": SQL("e.delivery_id = %(delivery_id)s"),
        "provider": SQL("e.provider = %(provider)s"),
    }
    matches: Composable = _all_of(conditions, given)
    if status:
        # Written out, since an index of one status is of use only where the planner sees which is asked for.
        matches = SQL("{matches} AND e.status = {status}").format(matches=matches, status=Literal(status.value))
    return _OF_EVERYONE.format(columns=ledger_rows.COLUMNS, matches=matches).as_string()


def _all_of(conditions: Mapping[str, Composable], given: tuple[str, ...], *, but: str = "") -> Composable:
    return SQL(" AND ").join([_ANY, *(text for name, text in conditions.items() if name in given and name != but)])
