from collections.abc import Sequence
from datetime import datetime
from functools import cache

from psycopg.sql import SQL, Composable, Literal

from adapters.postgres import ledger_rows
from adapters.postgres.compression import decompress
from adapters.postgres.packed_arrays import Bigints, Texts
from adapters.postgres.session import Session
from core.domain.events import BEFORE_BINDING, RETRYABLE, Event, EventStatus
from core.domain.identifiers import EventId
from core.domain.lanes import LANES
from ports.events import EventFilter, EventStore

# The newest of each status, then the newest of these: one index serves every status and all of them.
_OF_ORGANIZATION = SQL("""
    SELECT {columns}
    FROM git_integrations AS i
    CROSS JOIN unnest(%(statuses)s::text[]) AS wanted (status)
    CROSS JOIN LATERAL (
        SELECT * FROM git_webhook_events AS e
        WHERE e.git_integration_id = i.id AND e.status = wanted.status AND {matches}
        ORDER BY e.id DESC LIMIT %(limit)s
    ) AS e
    WHERE i.organization_id = %(organization_id)s
    ORDER BY e.id DESC LIMIT %(limit)s
""")

_OF_EVERYONE = SQL("""
    SELECT {columns} FROM git_webhook_events AS e WHERE {matches} ORDER BY e.id DESC LIMIT %(limit)s
""")

_ANY = SQL("true")
_CONDITIONS = {
    "event_type": SQL("e.event_type = %(event_type)s"),
    "delivery_id": SQL("e.delivery_id = %(delivery_id)s"),
    "since": SQL("e.created_at >= %(since)s"),
    "before": SQL("e.id < %(before)s"),
}

_FIND = (
    SQL("SELECT {columns} FROM git_webhook_events AS e WHERE e.delivery_id = %s AND e.provider = %s")
    .format(columns=ledger_rows.COLUMNS)
    .as_string()
)

_FIND_PAYLOAD = "SELECT payload, payload_length FROM git_webhook_events WHERE id = %s"

# Rows are locked in one order everywhere: a redelivery or a sweep may want the same ones.
_REOPEN = """
    UPDATE git_webhook_events AS e
    SET status = 'pending', attempts = 0, next_attempt_at = %(now)s, verdicts = NULL, error_message = NULL,
        processed_at = NULL, updated_at = now()
    FROM (
        SELECT id FROM git_webhook_events
        WHERE id = ANY(%(ids)s::bigint[]) AND status = ANY(%(retryable)s::text[])
            AND error_message IS DISTINCT FROM %(never)s
        ORDER BY delivery_id, provider
        FOR UPDATE
    ) AS reopened
    WHERE e.id = reopened.id
    RETURNING e.id
"""

# One short look into each lane, however many events wait there.
_OLDEST_DUE = """
    SELECT min(oldest.created_at)
    FROM generate_series(0, %s - 1) AS lane
    CROSS JOIN LATERAL (
        SELECT created_at FROM git_webhook_events AS e
        WHERE e.status = 'pending' AND e.lane = lane AND (e.attempts = 0 OR e.next_attempt_at <= %s)
        ORDER BY e.id LIMIT 1
    ) AS oldest
"""


class PostgresEventStore(EventStore):
    """The ledger as people look at it, over the indexes of `git_webhook_events`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[Event]:
        """Return events, newest first, those below `before` only."""
        asked: dict[str, object] = {
            "event_type": where.event_type,
            "delivery_id": where.delivery_id,
            "since": where.since,
            "before": before,
        }
        given = tuple(name for name, value in asked.items() if value is not None)
        if where.organization_id is None:
            statement = _of_everyone(given, where.status)
        else:
            statement = _of_organization(given)
            asked["organization_id"] = where.organization_id
            wanted = [status.value for status in EventStatus if where.status in (None, status)]
            asked["statuses"] = Texts(wanted)
        rows = await self._session.read(statement, asked | {"limit": limit})
        return [ledger_rows.event(row) for row in rows]

    async def find(self, provider: str, delivery_id: str) -> Event | None:
        """Return one event."""
        rows = await self._session.read(_FIND, (delivery_id, provider))
        return ledger_rows.event(rows[0]) if rows else None

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the bytes that were signed; raises `PayloadDamaged` where they cannot be read back."""
        rows = await self._session.read(_FIND_PAYLOAD, (event_id,))
        return decompress(rows[0][0], length=rows[0][1]) if rows and rows[0][0] is not None else None

    async def reopen(self, event_ids: Sequence[EventId], *, now: datetime) -> Sequence[EventId]:
        """Make those among these that may be retried pending and due, with all their attempts again."""
        retryable = [status.value for status in RETRYABLE]
        rows = await self._session.write(
            _REOPEN,
            {"ids": Bigints(event_ids), "retryable": Texts(retryable), "never": BEFORE_BINDING, "now": now},
        )
        return sorted(event_id for (event_id,) in rows)

    async def oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received."""
        [(oldest,)] = await self._session.read(_OLDEST_DUE, (LANES, now))
        return oldest  # type: ignore[no-any-return]


# One text for each set of conditions given, so that each is planned for just these.


@cache
def _of_organization(given: tuple[str, ...]) -> str:
    matches = SQL(" AND ").join([_ANY, *(_CONDITIONS[name] for name in given)])
    return _OF_ORGANIZATION.format(columns=ledger_rows.COLUMNS, matches=matches).as_string()


@cache
def _of_everyone(given: tuple[str, ...], status: EventStatus | None) -> str:
    conditions: list[Composable] = [_ANY, *(_CONDITIONS[name] for name in given)]
    if status:
        # Written out, since an index of one status is of use only where the planner sees which is asked for.
        conditions.append(SQL("e.status = {status}").format(status=Literal(status.value)))
    matches = SQL(" AND ").join(conditions)
    return _OF_EVERYONE.format(columns=ledger_rows.COLUMNS, matches=matches).as_string()
