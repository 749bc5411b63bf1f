"""Lists of webhook events, newest first. The statements read few more rows than they return.

One index contains an organization's events by integration, status and type (a kind), each in the order received.
A list reads the newest events of each kind, then selects the newest of these; this works for every filter by
status and type. A recursion skips from kind to kind. The events of a project are found in this way if there are
many of them, and otherwise in an index by project.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from psycopg.sql import SQL, Composable, Literal

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.webhook_events import EVENTS, MAY_REOPEN, may_reopen_at
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.identifiers import EventId
from ports.events import EventFilter

# Ids are in the order received, but the times come from clocks that can differ by this much.
_CLOCKS_DIFFER = timedelta(minutes=5)
_AFTER_ALL = 2**63 - 1
# Reading this many rows takes about two milliseconds.
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
# Compared and ordered as rows. With equalities for the kind, the planner might find the few events of a rare kind
# by reading the events of all organizations backwards. OFFSET 0, here and below, hides later conditions from the
# planner, so that it fetches events by id only.
NEWEST = SQL("""
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
""")
_WALKED = SQL("""
    WITH RECURSIVE kind AS ({kinds}),
    newest AS ({newest})
    SELECT {columns}
    FROM newest
    CROSS JOIN LATERAL (SELECT * FROM git_webhook_events AS e WHERE e.id = newest.id OFFSET 0) AS e
    WHERE {visible}
    ORDER BY e.id DESC LIMIT %(limit)s
""")
LOOKED_UP = SQL("""
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
FOR_PROJECT = SQL("({settled} OR ({is_open} AND (e.git_integration_id, e.repo_id) IN ({linked})))").format(
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
# A binary search: every delivery would pay for an index by time.
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
PROVIDER: Mapping[str, Composable] = {"provider": SQL("i.provider = %(provider)s")}
CONDITIONS: Mapping[str, Composable] = {
    "event_type": SQL("e.event_type = %(event_type)s"),
    "since": SQL("e.created_at >= %(since)s"),
    "until": SQL("e.created_at < %(until)s"),
    "reopenable": MAY_REOPEN,
}

SCAN_CONDITIONS: Mapping[str, Composable] = {
    "repo_id": SQL("e.repo_id = %(repo_id)s"),
    "branch": SQL("e.summary ->> 'ref' = %(branch)s"),
    "actor": SQL("lower(e.summary -> 'actor' ->> 'login') = lower(%(actor)s)"),
    # GitHub's names of the types are kinds, for events from before summaries were stored.
    "kinds": SQL("coalesce(e.summary ->> 'kind', e.event_type) = ANY(%(kinds)s::text[])"),
    "is_linked": SQL("e.project_ids IS NOT NULL"),
    "text": SQL("""(
        strpos(lower(e.summary ->> 'headline'), lower(%(text)s)) > 0
        OR strpos(lower(e.summary ->> 'ref'), lower(%(text)s)) > 0
    )"""),
    "project_id": FOR_PROJECT,
}


async def search(session: Session, where: EventFilter, *, limit: int, before: EventId | None) -> Sequence[WebhookEvent]:
    """Return at most `limit` events that match, newest first, those below `before` only."""
    parameters = await read_parameters(session, where, limit=limit, before=before)
    given = tuple(name for name in (*CONDITIONS, "provider", "delivery_id", "project_id") if name in parameters)
    if where.organization_id is None:
        return await read_events(session, render_list(given, where.status), parameters)
    if where.delivery_id is not None:
        return await read_events(session, render_lookup(given), parameters)
    if where.project_id is None:
        return await read_events(session, render_walk(given, limit), parameters)
    events = await read_events(session, render_walk(given, _WALK), parameters)
    return events if len(events) == limit else await read_events(session, render_lookup(given), parameters)


async def read_parameters(
    session: Session, where: EventFilter, *, limit: int, before: EventId | None
) -> dict[str, object]:
    """Return the values of a filter; only the conditions that the filter has are among them."""
    parameters: dict[str, object] = {"limit": limit, "before": before or _AFTER_ALL, "floor": 0}
    wanted = {
        "organization_id": where.organization_id,
        "event_type": where.event_type,
        "since": where.since,
        "until": where.until,
        "delivery_id": where.delivery_id,
        "provider": where.provider,
        "project_id": where.project_id,
        "repo_id": where.repo_id,
        "branch": where.branch,
        "actor": where.actor,
        "kinds": Texts([kind.value for kind in where.kinds]) if where.kinds else None,
        "is_linked": where.is_linked or None,
    }
    parameters |= {name: value for name, value in wanted.items() if value is not None}
    parameters["statuses"] = Texts([status.value for status in EventStatus if where.status in (None, status)])
    if where.reopenable_at is not None:
        parameters |= {"reopenable": True, **may_reopen_at(where.reopenable_at)}
    if where.since is not None:
        parameters["floor"] = await _first_since(session, where.since - _CLOCKS_DIFFER)
    if where.until is not None:
        last = await _first_since(session, where.until + _CLOCKS_DIFFER)
        parameters["before"] = min(before or _AFTER_ALL, last)
    return parameters


async def read_events(session: Session, statement: str, parameters: dict[str, object]) -> Sequence[WebhookEvent]:
    """Return the events of the statement's rows."""
    return EVENTS.to_list(await session.read(statement, parameters))


async def _first_since(session: Session, time: datetime) -> int:
    """Return the id of the first event that was received at this time or later, if ids and times have one order."""
    [(first,)] = await session.read(_FIRST_SINCE, {"time": time})
    return int(first)


# One statement for each set of conditions, so that each has its own plan.


@cache
def render_walk(given: tuple[str, ...], steps: int) -> str:
    """Return the statement that reads at most `steps` events of each kind, the newest first."""
    return render_newest(_WALKED, given, steps, visible=FOR_PROJECT if "project_id" in given else _ANY)


def render_newest(statement: SQL, given: tuple[str, ...], steps: int, *, visible: Composable) -> str:
    """Return a statement over the newest `steps` events of each kind."""
    kinds = _KINDS_OF_TYPE if "event_type" in given else _ALL_KINDS
    matches = join_conditions(CONDITIONS, given, but="event_type")
    return statement.format(
        kinds=kinds.format(of_provider=join_conditions(PROVIDER, given)),
        newest=NEWEST.format(matches=matches, steps=Literal(steps)),
        columns=EVENTS.columns,
        visible=visible,
        steps=Literal(steps),
    ).as_string()


@cache
def render_lookup(given: tuple[str, ...]) -> str:
    """Return the statement that finds events by delivery or by project."""
    found = {"delivery_id": SQL("e.delivery_id = %(delivery_id)s"), "project_id": _OF_PROJECT}
    return LOOKED_UP.format(
        columns=EVENTS.columns,
        found=join_conditions(found, given),
        open=_OPEN_OF_PROJECT if "project_id" in given and "delivery_id" not in given else SQL(""),
        of_provider=join_conditions(PROVIDER, given),
        matches=join_conditions({**CONDITIONS, **SCAN_CONDITIONS}, given, but="project_id"),
    ).as_string()


@cache
def render_list(given: tuple[str, ...], status: EventStatus | None) -> str:
    """Return the statement that lists the events of all organizations, for operators."""
    conditions = {
        **CONDITIONS,
        "delivery_id": SQL("e.delivery_id = %(delivery_id)s"),
        "provider": SQL("e.provider = %(provider)s"),
    }
    matches: Composable = join_conditions(conditions, given)
    if status:
        # A literal: the planner uses an index for one status only if it knows the status.
        matches = SQL("{matches} AND e.status = {status}").format(matches=matches, status=Literal(status.value))
    return _OF_EVERYONE.format(columns=EVENTS.columns, matches=matches).as_string()


def join_conditions(conditions: Mapping[str, Composable], given: tuple[str, ...], *, but: str = "") -> Composable:
    """Return the conjunction of the given conditions."""
    return SQL(" AND ").join([_ANY, *(text for name, text in conditions.items() if name in given and name != but)])
