import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Bytes, Smallints, Texts
from adapters.postgres.rows.codec import compress
from adapters.postgres.rows.event_attempts import BEGIN_NEXT, KEEP_LAST, LAST_ATTEMPT
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.webhook_events import MAY_REOPEN_WITH_PAYLOAD, may_reopen_at
from core.domain.deliveries.delivery import DeliveryIdConflict, Receipt, Source, VerifiedDelivery
from core.domain.deliveries.source_key import to_number
from core.domain.events.attempt import REDELIVERY

# A larger group per commit is not measurably faster, and the limits bound its memory.
MAX_GROUP_ROWS = 128
MAX_GROUP_BYTES = 8 * 1024 * 1024
# A larger body is compressed in a thread: on the event loop it would delay every other delivery.
_LARGE_BODY = 256 * 1024

# Rows are inserted in the order of their keys but have ids in the order of arrival, because the events of an
# installation are processed by id. The series has a fixed length, so that one plan is right for every group.
_INSERT = SQL("""
INSERT INTO git_webhook_events (
  id, provider, event_type, delivery_id, action, installation_id, repo_id, lane, source,
  payload, payload_length, payload_sha256, body_key{source_key},
  status, attempts, next_attempt_at, created_at, updated_at)
SELECT
  (ARRAY(SELECT nextval('git_webhook_events_id_seq') FROM generate_series(1, {rows}) LIMIT %s))[arrival],
  provider, event_type, delivery_id, action, installation_id, repo_id, lane, source,
  payload, payload_length, payload_sha256, body_key{source_key}, 'pending', 0, now(), now(), now()
FROM unnest(%s::int2[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int8[], %s::text[], %s::int2[],
            %s::text[], %s::bytea[], %s::int8[], %s::bytea[], %s::bytea[]{source_keys})
  AS d (arrival, provider, event_type, delivery_id, action, installation_id, repo_id, lane, source,
        payload, payload_length, payload_sha256, body_key{source_key})
ON CONFLICT DO NOTHING
RETURNING delivery_id, provider
""")
# `source_key` is written only in a group that has a key which is not a number. GitHub has no such key,
# and the table of release 0.1.0 does not have the column.
_INSERT_NUMBERS = _INSERT.format(rows=MAX_GROUP_ROWS, source_key=SQL(""), source_keys=SQL("")).as_string()
_INSERT_TEXTS = _INSERT.format(
    rows=MAX_GROUP_ROWS, source_key=SQL(", source_key"), source_keys=SQL(", %s::text[]")
).as_string()

# For deliveries that were not inserted: whether an event has the delivery's id, whether that event has its body,
# and whether any event has its body.
_FIND_STORED = """
SELECT d.delivery_id, d.provider, e.id IS NOT NULL,
  e.source = 'recovered' OR e.payload_sha256 = d.payload_sha256,
  EXISTS (SELECT FROM git_webhook_events AS other WHERE other.body_key = d.body_key)
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[])
  AS d (provider, delivery_id, payload_sha256, body_key)
LEFT JOIN git_webhook_events AS e USING (provider, delivery_id)
"""

# A redelivery of an event that had no effect makes it pending again. Rows are locked in one order everywhere.
_RETRY = render(
    """
WITH reopened AS (
  SELECT e.id, {last_attempt}, d.payload, d.length, d.sha256
  FROM unnest(%(providers)s::text[], %(delivery_ids)s::text[], %(payloads)s::bytea[], %(lengths)s::int8[],
              %(sha256s)s::bytea[]) AS d (provider, delivery_id, payload, length, sha256)
  JOIN git_webhook_events e USING (provider, delivery_id)
  WHERE e.status = 'failed' OR {may_reopen}
  ORDER BY e.delivery_id, e.provider FOR UPDATE OF e
),
kept AS ({keep_last})
UPDATE git_webhook_events AS e
SET {begin_next}, next_attempt_at = now(), requested_by = %(requested_by)s, updated_at = now(),
    payload = coalesce(e.payload, stored.payload),
    payload_length = CASE WHEN e.payload IS NULL THEN stored.length ELSE e.payload_length END,
    payload_sha256 = CASE WHEN e.payload IS NULL THEN stored.sha256 ELSE e.payload_sha256 END
FROM reopened AS stored
WHERE e.id = stored.id
RETURNING e.delivery_id, e.provider
""",
    may_reopen=MAY_REOPEN_WITH_PAYLOAD,
    last_attempt=LAST_ATTEMPT,
    keep_last=KEEP_LAST,
    begin_next=BEGIN_NEXT,
)

Key = tuple[str, str]
Results = dict[Key, Receipt | Exception]


@dataclass(slots=True)
class PendingDelivery:
    """A delivery that is being stored, and the future that receives its receipt."""

    key: Key
    delivery: VerifiedDelivery
    receipt: asyncio.Future[Receipt]
    payload: bytes = b""
    sha256: bytes = b""
    body_key: bytes | None = None

    async def encode(self) -> None:
        """Compress the body and compute its hashes."""
        body = self.delivery.body
        if len(body) > _LARGE_BODY:
            self.payload, self.sha256 = await asyncio.to_thread(_encode_body, body)
        else:
            self.payload, self.sha256 = _encode_body(body)
        if self.delivery.is_unique:
            self.body_key = _hash_signed_fields(self.delivery, self.sha256)


async def insert_group(connection: AsyncConnection[Any], group: Sequence[PendingDelivery]) -> Results:
    """Insert deliveries in one durable commit, and return the receipt of each; raises `psycopg.Error`."""
    # Two processes that insert the same keys in different orders deadlock. Deliveries with one id nearly always
    # have the same body.
    arrivals = sorted(range(len(group)), key=lambda arrival: (group[arrival].sha256, *group[arrival].key))
    group = [group[arrival] for arrival in arrivals]
    deliveries = [pending.delivery for pending in group]
    numbers = [_to_number(delivery.source_key) for delivery in deliveries]
    texts = [
        delivery.source_key if number is None else None for delivery, number in zip(deliveries, numbers, strict=True)
    ]
    has_texts = any(text is not None for text in texts)
    cursor = await connection.execute(
        _INSERT_TEXTS if has_texts else _INSERT_NUMBERS,
        (
            len(group),
            Smallints([arrival + 1 for arrival in arrivals]),
            Texts([delivery.provider for delivery in deliveries]),
            Texts([delivery.event_type for delivery in deliveries]),
            Texts([delivery.delivery_id for delivery in deliveries]),
            Texts([delivery.action for delivery in deliveries]),
            Bigints(numbers),
            Texts([delivery.repo_id for delivery in deliveries]),
            Smallints([delivery.lane for delivery in deliveries]),
            Texts([delivery.source.value for delivery in deliveries]),
            Bytes([pending.payload for pending in group]),
            Bigints([len(delivery.body) for delivery in deliveries]),
            Bytes([pending.sha256 for pending in group]),
            Bytes([pending.body_key for pending in group]),
            *([Texts(texts)] if has_texts else []),
        ),
        prepare=True,
    )
    if cursor.rowcount == len(group):
        return dict.fromkeys((pending.key for pending in group), Receipt.ACCEPTED)
    inserted = set(await cursor.fetchall())
    results: Results = dict.fromkeys(inserted, Receipt.ACCEPTED)
    return results | await _handle_stored(connection, [pending for pending in group if pending.key not in inserted])


async def _handle_stored(connection: AsyncConnection[Any], group: Sequence[PendingDelivery]) -> Results:
    """Return the receipts of deliveries that were not inserted, after reopening events without effect."""
    cursor = await connection.execute(
        _FIND_STORED,
        (
            Texts([pending.delivery.provider for pending in group]),
            Texts([pending.delivery.delivery_id for pending in group]),
            Bytes([pending.sha256 for pending in group]),
            Bytes([pending.body_key for pending in group]),
        ),
        prepare=True,
    )
    rows = {(row[0], row[1]): row[2:] for row in await cursor.fetchall()}
    results: Results = {}
    may_retry = []
    for pending in group:
        has_id, is_same, has_body = rows[pending.key]
        if has_id and not is_same and pending.delivery.source is not Source.RECOVERED:
            results[pending.key] = DeliveryIdConflict()
        elif has_body and not has_id:
            results[pending.key] = Receipt.REPLAYED
        else:
            results[pending.key] = Receipt.DUPLICATE
            may_retry.append(pending)
    if not may_retry:
        return results
    cursor = await connection.execute(
        _RETRY,
        {
            "providers": Texts([pending.delivery.provider for pending in may_retry]),
            "delivery_ids": Texts([pending.delivery.delivery_id for pending in may_retry]),
            "payloads": Bytes([pending.payload for pending in may_retry]),
            "lengths": Bigints([len(pending.delivery.body) for pending in may_retry]),
            "sha256s": Bytes([pending.sha256 for pending in may_retry]),
            "requested_by": REDELIVERY,
            **may_reopen_at(datetime.now(UTC)),
        },
        prepare=True,
    )
    return results | dict.fromkeys(await cursor.fetchall(), Receipt.RETRIED)


def _to_number(source_key: str | None) -> int | None:
    return None if source_key is None else to_number(source_key)


def _encode_body(body: bytes) -> tuple[bytes, bytes]:
    return compress(body), hashlib.sha256(body).digest()


def _hash_signed_fields(delivery: VerifiedDelivery, sha256: bytes) -> bytes:
    """Return the key that identifies a signed body.

    The event type is part of it: GitHub does not sign it, and a replay with a wrong type must not hide the genuine
    delivery. So is the source key: two integrations with different secrets can receive the same body.
    """
    # PostgreSQL does not store NUL in texts, so NUL cannot be part of a field.
    fields = f"{delivery.provider}\0{delivery.event_type}\0{delivery.source_key or ''}\0"
    return hashlib.sha256(fields.encode() + sha256).digest()[:16]
