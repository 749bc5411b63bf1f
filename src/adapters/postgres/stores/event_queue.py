from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.sql import SQL

from adapters.postgres.connection import locks
from adapters.postgres.connection.packed_arrays import Bigints, Documents, Smallints, Texts, Timestamps
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.rows import event_attempts
from adapters.postgres.rows.codec import decompress, encode
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.webhook_events import EVENTS, RECORD_RESULTS
from core.domain.deliveries.source_key import LANES, choose_lane, to_number
from core.domain.events.attempt import to_attempt_result
from core.domain.events.event import UNROUTED_LIFETIME, EventResult, EventStatus, PayloadDamaged
from core.domain.identifiers import EventId
from ports.event_queue import EventQueue, QueuedEvent, UnfinishedBatch

# Reading the largest payloads takes seconds, during which the transaction is idle.
_TRY_LOCK = """
    SELECT pg_try_advisory_xact_lock(%s, %s), set_config('idle_in_transaction_session_timeout', '40s', true)
"""
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"

_DUE = render(
    """
    SELECT {columns}, e.payload
    FROM (
        SELECT *,
            sum(payload_length) OVER waiting - first_value(payload_length) OVER waiting AS beyond_first
        FROM (
            SELECT * FROM git_webhook_events
            WHERE status = 'pending' AND lane = %(lane)s::smallint
                AND (attempts = 0 OR next_attempt_at <= %(now)s)
            ORDER BY id LIMIT %(limit)s
        ) AS due
        WINDOW waiting AS (ORDER BY id)
    ) AS e
    WHERE e.beyond_first <= %(max_bytes)s
    ORDER BY e.id
    """,
    columns=EVENTS.columns,
)

# Each half has a separate index: of pending events by lane, and of unrouted events by source key.
_WAITING = SQL("""
    SELECT {columns}, e.payload
    FROM (VALUES (NULL::text)) AS absent (source_key)
    CROSS JOIN LATERAL (
        SELECT * FROM git_webhook_events
        WHERE status = 'pending' AND lane = %(lane)s::smallint AND {key_column} = %(key)s
        UNION ALL
        SELECT * FROM git_webhook_events
        WHERE status = 'unrouted' AND {key_column} = %(key)s
    ) AS e
    WHERE e.provider = %(provider)s AND e.event_type = %(event_type)s AND e.action = %(action)s
    ORDER BY e.id DESC
    LIMIT %(limit)s
""")
_WAITING_BY_NUMBER, _WAITING_BY_TEXT = (
    _WAITING.format(columns=EVENTS.columns, key_column=SQL(column)).as_string()
    for column in ("installation_id", "source_key")
)

# An attempt that another one follows.
_KEEP_ATTEMPT = render(
    """
    {insert}
    SELECT e.id, {number}, e.requested_by, %s::timestamptz, clock_timestamp(), %s, %s, %s, %s::text::jsonb
    FROM git_webhook_events AS e WHERE e.id = %s AND e.status = 'pending'
    """,
    insert=event_attempts.INSERT,
    number=event_attempts.NEXT_NUMBER,
)

# Reads at most one row of each lane.
_LANES_DUE = """
    SELECT lane FROM generate_series(0, %s - 1) AS lane
    WHERE EXISTS (
        SELECT FROM git_webhook_events
        WHERE status = 'pending' AND git_webhook_events.lane = lane.lane
            AND (attempts = 0 OR next_attempt_at <= %s)
    )
"""

# Starts from the integrations, which are few; unrouted events of unknown installations can be many. All statements
# lock rows in the same order, because users may retry the same events.
_ROUTE_UNROUTED = render(
    """
    WITH waiting AS (
        SELECT e.id
        FROM git_integrations AS i
        CROSS JOIN LATERAL (
            SELECT NULL::text AS source_key, CASE
                WHEN i.provider_id !~ '^[1-9][0-9]{{0,18}}$' THEN NULL
                WHEN i.provider_id::numeric <= 9223372036854775807 THEN i.provider_id::bigint
            END AS number
        ) AS absent
        CROSS JOIN LATERAL (
            SELECT id FROM git_webhook_events
            WHERE status = 'unrouted' AND provider = i.provider AND installation_id = absent.number
            UNION ALL
            SELECT id FROM git_webhook_events
            WHERE status = 'unrouted' AND provider = i.provider AND source_key = i.provider_id
        ) AS e
        WHERE i.status <> 2
    ),
    reopened AS (
        SELECT e.id, {last_attempt}, e.created_at < %(oldest)s AS is_late
        FROM git_webhook_events AS e
        WHERE e.id = ANY(ARRAY(SELECT id FROM waiting)) AND e.status = 'unrouted'
        ORDER BY e.delivery_id, e.provider
        FOR UPDATE OF e
    ),
    kept AS ({keep_last})
    UPDATE git_webhook_events AS e
    SET status = CASE WHEN is_late THEN 'ignored' ELSE 'pending' END,
        error_message = CASE WHEN is_late THEN 'before_binding' END,
        processed_at = CASE WHEN is_late THEN now() END,
        started_at = NULL,
        requested_by = NULL,
        next_attempt_at = %(now)s,
        updated_at = now()
    FROM reopened
    WHERE e.id = reopened.id
    RETURNING is_late
    """,
    last_attempt=event_attempts.LAST_ATTEMPT,
    keep_last=event_attempts.KEEP_LAST,
)
# The commit does not wait for the disk: the record must survive this process, but not a crash of the server,
# which is not counted as an attempt. The last part reads the row as it was before the statement.
_RECORD_BATCH_START = """
    WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
    recorded AS (
        INSERT INTO git_batch_starts AS s (lane, drain_id, event_ids, started_at)
        SELECT %(lane)s::smallint, %(drain_id)s::uuid, %(event_ids)s::bigint[], clock_timestamp()
        FROM unflushed
        ON CONFLICT (lane) DO UPDATE
        SET drain_id = excluded.drain_id, event_ids = excluded.event_ids, started_at = excluded.started_at
        WHERE s.event_ids IS NULL OR s.drain_id = excluded.drain_id
        RETURNING lane
    )
    SELECT drain_id, event_ids, started_at < pg_postmaster_start_time(), started_at FROM git_batch_starts
    WHERE lane = %(lane)s::smallint AND NOT EXISTS (SELECT FROM recorded)
"""
_RECORD_BATCH_END = "UPDATE git_batch_starts SET event_ids = NULL WHERE lane = %s AND drain_id = %s"


class PostgresEventQueue(EventQueue):
    """Locks lanes by transaction-level advisory locks, which end with the connection of their holder."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def try_lock(self, lane: int) -> bool:
        """Lock the lane until the end of the transaction. Return False at once if another transaction holds it."""
        [(is_locked, _)] = await self._session.write(_TRY_LOCK, (locks.CLASS, lane))
        return bool(is_locked)

    async def lock(self, lane: int) -> None:
        """Lock the lane until the end of the transaction; raises `StorageConflict` after waiting for 5 seconds."""
        await self._session.write(_LOCK, (locks.CLASS, lane))

    async def list_due(self, lane: int, *, now: datetime, limit: int, max_bytes: int) -> Sequence[QueuedEvent]:
        """Return the lane's due events in the order received; payloads beyond the bounds are not read."""
        rows = await self._session.read(_DUE, {"lane": lane, "now": now, "limit": limit, "max_bytes": max_bytes})
        return [_to_queued_event(row) for row in rows]

    async def list_unrouted(
        self, provider: str, source_key: str, *, event_type: str, action: str, limit: int
    ) -> Sequence[QueuedEvent]:
        """Return events of this kind that wait for their installation, newest first."""
        number = to_number(source_key)
        parameters = {
            "provider": provider,
            "key": source_key if number is None else number,
            "lane": choose_lane(source_key),
            "event_type": event_type,
            "action": action,
            "limit": limit,
        }
        statement = _WAITING_BY_TEXT if number is None else _WAITING_BY_NUMBER
        return [_to_queued_event(row) for row in await self._session.read(statement, parameters)]

    async def record_results(self, results: Sequence[EventResult], *, started_at: datetime | None = None) -> None:
        """Write how these events ended, in one statement."""
        if not results:
            return
        for result in results:
            if result.status is EventStatus.PENDING:
                await self._keep_attempt(result, started_at)
        await self._session.change(
            RECORD_RESULTS,
            (
                started_at,
                Bigints([result.event_id for result in results]),
                Texts([result.status.value for result in results]),
                Documents([result.verdicts for result in results]),
                Texts([result.reason for result in results]),
                Bigints([result.integration_id for result in results]),
                Bigints([result.link_id for result in results]),
                Texts([_render_array(result.project_ids) for result in results]),
                Smallints([result.attempts for result in results]),
                Timestamps([result.next_attempt_at for result in results]),
                Texts([result.error_code for result in results]),
                Documents([result.summary for result in results]),
                Texts([result.summary.search_key if result.summary else None for result in results]),
            ),
        )

    async def _keep_attempt(self, result: EventResult, started_at: datetime | None) -> None:
        verdicts = encode(result.verdicts).decode()
        outcome = (to_attempt_result(result).value, result.error_code, result.reason, verdicts, result.event_id)
        await self._session.change(_KEEP_ATTEMPT, (started_at, *outcome))

    async def list_due_lanes(self, *, now: datetime) -> Sequence[int]:
        """Return the lanes with due events."""
        return [lane for (lane,) in await self._session.read(_LANES_DUE, (LANES, now))]

    async def reopen_unrouted(self, *, now: datetime) -> int:
        """Reopen unrouted events whose installation is connected now; return how many."""
        rows = await self._session.write(_ROUTE_UNROUTED, {"oldest": now - UNROUTED_LIFETIME, "now": now})
        return sum(not is_late for (is_late,) in rows)

    async def record_batch_start(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record a start in one round trip, or return the batch that another drain did not finish."""
        rows = await self._session.write_and_commit(
            _RECORD_BATCH_START, {"lane": lane, "drain_id": drain_id, "event_ids": Bigints(event_ids)}
        )
        return UnfinishedBatch(rows[0][0], tuple(rows[0][1]), *rows[0][2:]) if rows else None

    async def record_batch_end(self, lane: int, *, drain_id: UUID) -> None:
        """Record that the batch has ended."""
        await self._session.change(_RECORD_BATCH_END, (lane, drain_id))


def _to_queued_event(row: Row) -> QueuedEvent:
    event = EVENTS.to_domain(row[:-1])
    return QueuedEvent(event, _decompress(row[-1], event.payload_length))


def _decompress(stored: bytes | None, length: int) -> bytes | None:
    """Return the payload. A damaged payload counts as deleted, because an error would stop its lane forever."""
    try:
        return None if stored is None else decompress(stored, length=length)
    except PayloadDamaged:
        return None


def _render_array(ids: Sequence[int]) -> str | None:
    """Return one row's ids as PostgreSQL writes an array: an array of arrays needs equal lengths.

    Returns None without ids, because the index by project contains only rows with projects.
    """
    return f"{{{','.join(map(str, ids))}}}" if ids else None
