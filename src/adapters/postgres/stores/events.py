from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from psycopg.sql import Identifier

from adapters.postgres.connection.packed_arrays import Bigints
from adapters.postgres.connection.session import Session
from adapters.postgres.queries import webhook_event_scans as event_scans
from adapters.postgres.queries import webhook_events as event_search
from adapters.postgres.rows.codec import decompress
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.webhook_events import EVENTS, REOPEN, may_reopen_at
from core.domain.deliveries.source_key import LANES
from core.domain.events.event import EventStatus, PayloadDamaged, WebhookEvent
from core.domain.events.metrics import Bucket, ResultCount
from core.domain.identifiers import EventId, OrganizationId
from ports.events import EventFilter, EventScan, EventStore

_FIND = render(
    "SELECT {columns} FROM git_webhook_events AS e WHERE e.delivery_id = %s AND e.provider = %s", columns=EVENTS.columns
)

# All columns of the inner query are in the unique index, so only matching rows are read from the table. With a
# collation of bytes the planner reads only the part of the index that begins with the prefix.
_LIST_BY_PREFIX = render(
    """
        SELECT {columns} FROM (
            SELECT delivery_id, provider FROM git_webhook_events
            WHERE starts_with(delivery_id, %(prefix)s) AND provider = %(provider)s
            ORDER BY delivery_id LIMIT %(limit)s
        ) AS matching JOIN git_webhook_events AS e USING (delivery_id, provider)
        ORDER BY e.delivery_id
    """,
    columns=EVENTS.columns,
)

_FIND_BY_ID = render("SELECT {columns} FROM git_webhook_events AS e WHERE e.id = %s", columns=EVENTS.columns)

_FIND_PAYLOAD = "SELECT payload, payload_length FROM git_webhook_events WHERE id = %s"

# The lengths are added first, so that no payload is read that is not returned.
_FIND_PAYLOADS = """
    SELECT e.id, e.payload, e.payload_length
    FROM (
        SELECT wanted.id, sum(e.payload_length) OVER (ORDER BY wanted.number) AS bytes
        FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, number)
        JOIN git_webhook_events AS e ON e.id = wanted.id AND e.payload IS NOT NULL
    ) AS first
    JOIN git_webhook_events AS e ON e.id = first.id
    WHERE first.bytes <= %s
"""

_STATUSES = {status.value: status for status in EventStatus}
_COUNT_RESULTS = {
    bucket: render(
        """
        SELECT c.{start}, c.status, c.duration_class, c.events
        FROM git_integrations AS i
        JOIN {table} AS c ON c.git_integration_id = i.id
        WHERE i.organization_id = %s AND c.{start} >= %s AND c.{start} < %s
        """,
        start=Identifier(start),
        table=Identifier(table),
    )
    for bucket, table, start in (
        (Bucket.HOUR, "git_webhook_event_counts", "hour"),
        (Bucket.DAY, "git_webhook_event_days", "day"),
    )
}

_HAS_PAYLOAD = "SELECT payload IS NOT NULL FROM git_webhook_events WHERE id = %s"

# Reads at most one row of each lane.
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
    """Webhook events as users and operators see them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> Sequence[WebhookEvent]:
        """Return events, newest first, only those below `before`."""
        return await event_search.search(self._session, where, limit=limit, before=before)

    async def scan(self, where: EventFilter, *, limit: int, before: EventId | None = None) -> EventScan:
        """Return events that match, newest first, after reading a bounded number of events."""
        return await event_scans.scan(self._session, where, limit=limit, before=before)

    async def find(self, provider: str, delivery_id: str) -> WebhookEvent | None:
        """Return one event."""
        rows = await self._session.read(_FIND, (delivery_id, provider))
        return EVENTS.to_optional(rows)

    async def list_by_prefix(self, provider: str, prefix: str, *, limit: int) -> Sequence[WebhookEvent]:
        """Return at most `limit` events whose delivery ids begin with `prefix`."""
        rows = await self._session.read(_LIST_BY_PREFIX, {"provider": provider, "prefix": prefix, "limit": limit})
        return EVENTS.to_list(rows)

    async def find_by_id(self, event_id: EventId) -> WebhookEvent | None:
        """Return the event with this id, or None."""
        rows = await self._session.read(_FIND_BY_ID, (event_id,))
        return EVENTS.to_optional(rows)

    async def find_payload(self, event_id: EventId) -> bytes | None:
        """Return the signed body; raises `PayloadDamaged` if it cannot be decompressed."""
        rows = await self._session.read(_FIND_PAYLOAD, (event_id,))
        return decompress(rows[0][0], length=rows[0][1]) if rows and rows[0][0] is not None else None

    async def find_payloads(self, event_ids: Sequence[EventId], *, max_bytes: int) -> Mapping[EventId, bytes]:
        """Return the signed bodies of the first of these events, without damaged ones."""
        rows = await self._session.read(_FIND_PAYLOADS, (Bigints(event_ids), max_bytes))
        payloads = {}
        for event_id, payload, length in rows:
            with suppress(PayloadDamaged):
                payloads[event_id] = decompress(payload, length=length)
        return payloads

    async def has_payload(self, event_id: EventId) -> bool:
        """Return whether the signed body is still stored."""
        rows = await self._session.read(_HAS_PAYLOAD, (event_id,))
        return bool(rows and rows[0][0])

    async def count_results(
        self, organization_id: OrganizationId, *, since: datetime, until: datetime, bucket: Bucket
    ) -> Sequence[ResultCount]:
        """Return the counts of each interval and integration."""
        rows = await self._session.read(_COUNT_RESULTS[bucket], (organization_id, since, until))
        return [
            ResultCount(start, _STATUSES[status], duration_class, events)
            for start, status, duration_class, events in rows
        ]

    async def reopen(
        self, event_ids: Sequence[EventId], *, now: datetime, requested_by: str | None = None
    ) -> Sequence[EventId]:
        """Make those among these that may be retried pending and due, and store their last attempt."""
        parameters = {"ids": Bigints(event_ids), "now": now, "requested_by": requested_by, **may_reopen_at(now)}
        rows = await self._session.write(REOPEN, parameters)
        return sorted(event_id for (event_id,) in rows)

    async def find_oldest_due(self, *, now: datetime) -> datetime | None:
        """Return when the longest-waiting due event was received."""
        [(oldest,)] = await self._session.read(_OLDEST_DUE, (LANES, now))
        return oldest  # type: ignore[no-any-return]
