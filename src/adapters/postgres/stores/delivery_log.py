import asyncio
import hashlib
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.sql import SQL

from adapters.postgres.connection.errors import domain_error, is_outage, not_migrated
from adapters.postgres.connection.packed_arrays import Bigints, Bytes, Smallints, Texts, register_packed_arrays
from adapters.postgres.connection.pooler import detect_pooler
from adapters.postgres.queries.reopening import MAY_REOPEN_WITH_PAYLOAD, may_reopen_at
from adapters.postgres.rows.compression import compress
from core.domain.deliveries.delivery import DeliveryIdConflict, Receipt, ReceiverBusy, Source, VerifiedDelivery
from core.domain.deliveries.source_key import to_number
from core.domain.errors import StorageUnavailable
from ports.event_queue import DeliveryLog
from ports.telemetry import Metrics

# More than this per commit gains nothing measurable, and the group's memory stays bounded.
_GROUP_ROWS = 128
_GROUP_BYTES = 8 * 1024 * 1024
# Beyond this a body is compressed in a thread: on the loop it would hold up every other delivery.
_LARGE_BODY = 256 * 1024
_SILENCE_SECONDS = 5.0
_RETRY_AFTER = 5.0

# Rows come in the order of their keys, and are numbered in the order of their arrival all the same: events of
# an installation are processed by number. The series has a fixed length so that one plan serves every group.
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
_INSERT_NUMBERS = _INSERT.format(rows=_GROUP_ROWS, source_key=SQL(""), source_keys=SQL("")).as_string()
_INSERT_TEXTS = _INSERT.format(
    rows=_GROUP_ROWS, source_key=SQL(", source_key"), source_keys=SQL(", %s::text[]")
).as_string()

# Read for deliveries that were not inserted: the event of their id, whether it has their bytes, and
# whether another event has them.
_KNOWN = """
SELECT d.delivery_id, d.provider, e.id IS NOT NULL,
  e.source = 'recovered' OR e.payload_sha256 = d.payload_sha256,
  EXISTS (SELECT FROM git_webhook_events AS other WHERE other.body_key = d.body_key)
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[])
  AS d (provider, delivery_id, payload_sha256, body_key)
LEFT JOIN git_webhook_events AS e USING (provider, delivery_id)
"""

# A redelivery of an event that had no effect makes it pending again. Rows are locked in one order everywhere.
_RETRY = (
    SQL("""
UPDATE git_webhook_events AS e
SET status = 'pending', attempts = 0, next_attempt_at = now(), error_message = NULL, updated_at = now(),
    verdicts = NULL, processed_at = NULL,
    payload = coalesce(e.payload, known.payload),
    payload_length = CASE WHEN e.payload IS NULL THEN known.length ELSE e.payload_length END,
    payload_sha256 = CASE WHEN e.payload IS NULL THEN known.sha256 ELSE e.payload_sha256 END
FROM (
  SELECT e.id, d.payload, d.length, d.sha256
  FROM unnest(%(providers)s::text[], %(delivery_ids)s::text[], %(payloads)s::bytea[], %(lengths)s::int8[],
              %(sha256s)s::bytea[]) AS d (provider, delivery_id, payload, length, sha256)
  JOIN git_webhook_events e USING (provider, delivery_id)
  WHERE e.status = 'failed' OR {may_reopen}
  ORDER BY e.delivery_id, e.provider FOR UPDATE OF e
) AS known
WHERE e.id = known.id
RETURNING e.delivery_id, e.provider
""")
    .format(may_reopen=MAY_REOPEN_WITH_PAYLOAD)
    .as_string()
)

_log = structlog.get_logger(__name__)

Key = tuple[str, str]
Results = dict[Key, Receipt | Exception]


@dataclass(slots=True)
class _Waiting:
    """A delivery on its way into the ledger and whoever waits for it."""

    key: Key
    delivery: VerifiedDelivery
    done: asyncio.Future[Receipt]
    payload: bytes = b""
    sha256: bytes = b""
    body_key: bytes | None = None


class PostgresDeliveryLog(DeliveryLog):
    """Group commit: while one multi-row insert is committing, the next group gathers behind it.

    There is no timer: a lone delivery commits at once, and under load each durable commit carries as many
    as arrived during the last one. One connection of its own keeps the statements prepared.
    """

    def __init__(self, conninfo: str, *, metrics: Metrics, capacity: int = 10_000) -> None:
        self._conninfo = conninfo
        self._metrics = metrics
        self._capacity = capacity
        self._queue: deque[_Waiting] = deque()
        self._under_way: dict[Key, _Waiting] = {}
        self._connection: AsyncConnection[tuple[str, str]] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._is_failing = False

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Keep one delivery; equal ones under way at the same time share its fate."""
        key = delivery.delivery_id, delivery.provider
        if equal := self._under_way.get(key):
            await asyncio.shield(equal.done)
            is_quoted = Source.RECOVERED in (delivery.source, equal.delivery.source)
            if not is_quoted and equal.delivery.body != delivery.body:
                raise DeliveryIdConflict
            self._metrics.count_received(1, 1)
            return Receipt.DUPLICATE
        if len(self._under_way) >= self._capacity:
            raise ReceiverBusy(
                "Too many deliveries are waiting to be stored. Send the delivery again later.", retry_after=_RETRY_AFTER
            )
        waiting = _Waiting(key, delivery, asyncio.get_running_loop().create_future())
        self._under_way[key] = waiting
        try:
            if len(delivery.body) > _LARGE_BODY:
                waiting.payload, waiting.sha256 = await asyncio.to_thread(_stored, delivery.body)
            else:
                waiting.payload, waiting.sha256 = _stored(delivery.body)
            if delivery.is_unique:
                waiting.body_key = _body_key(delivery, waiting.sha256)
        except BaseException:
            self._under_way.pop(key, None)
            waiting.done.cancel()
            raise
        self._queue.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="delivery-log")
        return await waiting.done

    async def close(self) -> None:
        """Finish what is under way and close the connection."""
        if self._writer:
            await self._writer
        await self._disconnect()

    async def _write(self) -> None:
        """Commit group after group until nothing waits."""
        try:
            while self._queue:
                group = self._next_group()
                try:
                    results = await self._bounded(self._commit(group))
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must be told
                    await self._fail(group, error)
                else:
                    self._report_success()
                    # Once for the group: counting each delivery by itself would be felt.
                    self._metrics.observe_group_commit(len(group))
                    self._count(results)
                    for waiting in group:
                        self._finish(waiting, results[waiting.key])
        finally:
            self._writer = None

    def _count(self, results: Results) -> None:
        receipts = [result for result in results.values() if isinstance(result, Receipt)]
        self._metrics.count_received(len(receipts), sum(receipt.is_known for receipt in receipts))
        for (delivery_id, provider), result in results.items():
            if result is Receipt.REPLAYED:
                self._metrics.count_replayed(1)
                _log.warning("delivery_replayed", provider=provider, delivery_id=delivery_id)

    def _next_group(self) -> list[_Waiting]:
        """Take the next group, in the order of arrival."""
        group: list[_Waiting] = []
        size = 0
        while self._queue and len(group) < _GROUP_ROWS and size < _GROUP_BYTES:
            waiting = self._queue.popleft()
            size += len(waiting.payload)
            group.append(waiting)
        return group

    async def _bounded(self, commit: Coroutine[None, None, Results]) -> Results:
        """Await a commit for as long as GitHub's patience allows.

        A plain timeout would not do: psycopg answers a cancellation by asking the silent server to cancel,
        and waits for it. So the connection is dropped under the abandoned commit.
        """
        task = asyncio.ensure_future(commit)
        done, _ = await asyncio.wait({task}, timeout=_SILENCE_SECONDS)
        if not done:
            task.cancel()
            if self._connection:
                self._connection.pgconn.finish()
                self._connection = None
            raise TimeoutError
        return task.result()

    async def _commit(self, group: Sequence[_Waiting]) -> Results:
        """Insert a group in one durable commit; one bad row must not take the others with it."""
        try:
            return await self._insert(group)
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            raise not_migrated() from error
        except psycopg.Error as error:
            if is_outage(error):
                # The server was restarted, or two processes met in a deadlock: once more, on a new
                # connection. The keys are the same, so nothing is kept twice.
                await self._disconnect()
                return await self._insert(group)
            if len(group) == 1:
                return {group[0].key: error}
        results: Results = {}
        for waiting in group:
            results |= await self._commit([waiting])
        return results

    async def _insert(self, group: Sequence[_Waiting]) -> Results:
        connection = await self._connected()
        # Two processes that insert the same keys in different orders deadlock. The same id nearly
        # always has the same bytes.
        arrivals = sorted(range(len(group)), key=lambda arrival: (group[arrival].sha256, *group[arrival].key))
        group = [group[arrival] for arrival in arrivals]
        deliveries = [waiting.delivery for waiting in group]
        numbers = [_to_number(delivery.source_key) for delivery in deliveries]
        texts = [
            delivery.source_key if number is None else None
            for delivery, number in zip(deliveries, numbers, strict=True)
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
                Bytes([waiting.payload for waiting in group]),
                Bigints([len(delivery.body) for delivery in deliveries]),
                Bytes([waiting.sha256 for waiting in group]),
                Bytes([waiting.body_key for waiting in group]),
                *([Texts(texts)] if has_texts else []),
            ),
            prepare=True,
        )
        if cursor.rowcount == len(group):
            return dict.fromkeys((waiting.key for waiting in group), Receipt.ACCEPTED)
        kept = set(await cursor.fetchall())
        results: Results = dict.fromkeys(kept, Receipt.ACCEPTED)
        known = [waiting for waiting in group if waiting.key not in kept]
        results |= await self._known(connection, known)
        return results

    async def _known(self, connection: AsyncConnection[Any], known: Sequence[_Waiting]) -> Results:
        """Return the receipts of deliveries that were not inserted."""
        cursor = await connection.execute(
            _KNOWN,
            (
                Texts([waiting.delivery.provider for waiting in known]),
                Texts([waiting.delivery.delivery_id for waiting in known]),
                Bytes([waiting.sha256 for waiting in known]),
                Bytes([waiting.body_key for waiting in known]),
            ),
            prepare=True,
        )
        rows = {(row[0], row[1]): row[2:] for row in await cursor.fetchall()}
        results: Results = {}
        may_retry = []
        for waiting in known:
            has_id, is_same, has_body = rows[waiting.key]
            if has_id and not is_same and waiting.delivery.source is not Source.RECOVERED:
                results[waiting.key] = DeliveryIdConflict()
            elif has_body and not has_id:
                results[waiting.key] = Receipt.REPLAYED
            else:
                results[waiting.key] = Receipt.DUPLICATE
                may_retry.append(waiting)
        if not may_retry:
            return results
        cursor = await connection.execute(
            _RETRY,
            {
                "providers": Texts([waiting.delivery.provider for waiting in may_retry]),
                "delivery_ids": Texts([waiting.delivery.delivery_id for waiting in may_retry]),
                "payloads": Bytes([waiting.payload for waiting in may_retry]),
                "lengths": Bigints([len(waiting.delivery.body) for waiting in may_retry]),
                "sha256s": Bytes([waiting.sha256 for waiting in may_retry]),
                **may_reopen_at(datetime.now(UTC)),
            },
            prepare=True,
        )
        return results | dict.fromkeys(await cursor.fetchall(), Receipt.RETRIED)

    async def _connected(self) -> AsyncConnection[tuple[str, str]]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=int(_SILENCE_SECONDS),
                client_encoding="UTF8",  # psycopg returns text as bytes if the server chooses SQL_ASCII
            )
            register_packed_arrays(self._connection)
            await detect_pooler(self._connection)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection:
            with suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None

    def _finish(self, waiting: _Waiting, result: Receipt | Exception) -> None:
        self._under_way.pop(waiting.key, None)
        if waiting.done.done():
            return
        if isinstance(result, Receipt):
            waiting.done.set_result(result)
        else:
            waiting.done.set_exception(result)
            # Read here once: whoever waited may have gone, and nobody else looks.
            waiting.done.exception()

    async def _fail(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Tell a group it failed; where storage is silent or gone, everyone behind it too.

        GitHub gives up after 10 s, so whoever waits behind a silent group must not wait a second turn.
        """
        has_lost_storage = isinstance(error, (TimeoutError, OSError)) or is_outage(error)
        self._report_failure(group, error, is_outage=has_lost_storage)
        if has_lost_storage:
            await self._disconnect()
            group = [*group, *self._queue]
            self._queue.clear()
        for waiting in group:
            self._finish(waiting, _unavailable() if has_lost_storage else error)

    def _report_failure(self, group: Sequence[_Waiting], error: Exception, *, is_outage: bool) -> None:
        """Log a failure, but only the first one of an outage: under load they would flood the log."""
        if is_outage and self._is_failing:
            return
        self._is_failing = is_outage
        refusal = domain_error(error) if isinstance(error, psycopg.Error) else None
        reason = refusal.remedy if isinstance(refusal, StorageUnavailable) else None
        _log.error("group_commit_failed", error=type(error).__name__, group_size=len(group), reason=reason)

    def _report_success(self) -> None:
        if self._is_failing:
            self._is_failing = False
            _log.info("group_commits_resumed")


def _to_number(source_key: str | None) -> int | None:
    return None if source_key is None else to_number(source_key)


def _stored(body: bytes) -> tuple[bytes, bytes]:
    return compress(body), hashlib.sha256(body).digest()


def _body_key(delivery: VerifiedDelivery, sha256: bytes) -> bytes:
    """Return the key that identifies signed bytes.

    The event type is not signed: bytes that came under a wrong one must not hide the genuine delivery. Two
    integrations with secrets of their own may receive the same bytes, unless these name the integration.
    """
    # A database stores no NUL, so it cannot be part of a field.
    fields = f"{delivery.provider}\0{delivery.event_type}\0{delivery.source_key or ''}\0"
    return hashlib.sha256(fields.encode() + sha256).digest()[:16]


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The database does not respond. Try again later.", retry_after=_RETRY_AFTER)
