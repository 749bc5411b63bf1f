import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.postgres.connection.errors import DATABASE_URL, domain_error, is_outage, name_setting, not_migrated
from adapters.postgres.connection.packed_arrays import register_packed_arrays
from adapters.postgres.connection.server_connection import detect_pooler
from adapters.postgres.stores.delivery_rows import (
    MAX_GROUP_BYTES,
    MAX_GROUP_ROWS,
    Key,
    PendingDelivery,
    Results,
    insert_group,
)
from core.domain.deliveries.delivery import DeliveryIdConflict, Receipt, ReceiverBusy, Source, VerifiedDelivery
from core.domain.errors import StorageUnavailable
from ports.event_queue import DeliveryLog
from ports.telemetry import Metrics

# GitHub waits 10 s for a response.
_COMMIT_TIMEOUT_SECONDS = 5.0
_RETRY_AFTER = 5.0

_log = structlog.get_logger(__name__)


class PostgresDeliveryLog(DeliveryLog):
    """Stores deliveries by group commit: while one multi-row insert commits, the next group collects.

    There is no timer. A single delivery commits at once, and under load each durable commit contains the deliveries
    that arrived during the previous one. A separate connection keeps the statements prepared.
    """

    def __init__(self, conninfo: str, *, metrics: Metrics, setting: str = DATABASE_URL, capacity: int = 10_000) -> None:
        self._conninfo = conninfo
        self._setting = setting
        self._metrics = metrics
        self._capacity = capacity
        self._queue: deque[PendingDelivery] = deque()
        self._in_progress: dict[Key, PendingDelivery] = {}
        self._connection: AsyncConnection[tuple[str, str]] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._is_failing = False

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Store a delivery. Concurrent calls with the same delivery id and body wait for the same commit."""
        key = delivery.delivery_id, delivery.provider
        if equal := self._in_progress.get(key):
            await asyncio.shield(equal.receipt)
            # A recovered body comes from the provider's log, which may format it differently.
            is_recovered = Source.RECOVERED in (delivery.source, equal.delivery.source)
            if not is_recovered and equal.delivery.body != delivery.body:
                raise DeliveryIdConflict
            self._metrics.count_received(1, 1)
            return Receipt.DUPLICATE
        if len(self._in_progress) >= self._capacity:
            raise ReceiverBusy(
                "Too many deliveries are waiting to be stored. Send the delivery again later.", retry_after=_RETRY_AFTER
            )
        pending = PendingDelivery(key, delivery, asyncio.get_running_loop().create_future())
        self._in_progress[key] = pending
        try:
            await pending.encode()
        except BaseException:
            self._in_progress.pop(key, None)
            pending.receipt.cancel()
            raise
        self._queue.append(pending)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="delivery-log")
        return await pending.receipt

    async def close(self) -> None:
        """Wait for the current commits and close the connection."""
        if self._writer:
            await self._writer
        await self._disconnect()

    async def _write(self) -> None:
        """Commit one group after another until the queue is empty."""
        try:
            while self._queue:
                group = self._next_group()
                try:
                    results = await self._limit_time(self._commit(group))
                except Exception as error:  # noqa: BLE001 - every caller must receive the error
                    await self._fail(group, error)
                else:
                    self._report_success()
                    # Once for the group: counting each delivery separately is measurably slower.
                    self._metrics.observe_group_commit(len(group))
                    self._count(results)
                    for pending in group:
                        self._finish(pending, results[pending.key])
        finally:
            self._writer = None

    def _count(self, results: Results) -> None:
        receipts = [result for result in results.values() if isinstance(result, Receipt)]
        self._metrics.count_received(len(receipts), sum(receipt.is_known for receipt in receipts))
        for (delivery_id, provider), result in results.items():
            if result is Receipt.REPLAYED:
                self._metrics.count_replayed(1)
                _log.warning("delivery_replayed", provider=provider, delivery_id=delivery_id)

    def _next_group(self) -> list[PendingDelivery]:
        """Remove the next group from the queue, in the order of arrival."""
        group: list[PendingDelivery] = []
        size = 0
        while self._queue and len(group) < MAX_GROUP_ROWS and size < MAX_GROUP_BYTES:
            pending = self._queue.popleft()
            size += len(pending.payload)
            group.append(pending)
        return group

    async def _limit_time(self, commit: Coroutine[None, None, Results]) -> Results:
        """Wait for a commit at most `_COMMIT_TIMEOUT_SECONDS`; raises `TimeoutError`.

        `asyncio.timeout` would take longer: psycopg reacts to a cancellation by asking the silent server to cancel,
        and waits for that. Here the connection is closed instead.
        """
        task = asyncio.ensure_future(commit)
        done, _ = await asyncio.wait({task}, timeout=_COMMIT_TIMEOUT_SECONDS)
        if not done:
            task.cancel()
            if self._connection:
                self._connection.pgconn.finish()
                self._connection = None
            raise TimeoutError
        return task.result()

    async def _commit(self, group: Sequence[PendingDelivery]) -> Results:
        """Insert a group in one durable commit. If one row is invalid, insert each delivery separately."""
        try:
            return await insert_group(await self._connect(), group)
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            raise not_migrated() from error
        except psycopg.Error as error:
            if is_outage(error):
                # The server was restarted, or this process lost a deadlock: retry once on a new connection. The
                # keys are unique, so no delivery is stored twice.
                await self._disconnect()
                return await insert_group(await self._connect(), group)
            if len(group) == 1:
                return {group[0].key: error}
        results: Results = {}
        for pending in group:
            results |= await self._commit([pending])
        return results

    async def _connect(self) -> AsyncConnection[tuple[str, str]]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=int(_COMMIT_TIMEOUT_SECONDS),
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

    def _finish(self, pending: PendingDelivery, result: Receipt | Exception) -> None:
        self._in_progress.pop(pending.key, None)
        if pending.receipt.done():
            return
        if isinstance(result, Receipt):
            pending.receipt.set_result(result)
        else:
            pending.receipt.set_exception(result)
            # The caller may have been cancelled. asyncio logs an exception that nobody retrieved.
            pending.receipt.exception()

    async def _fail(self, group: Sequence[PendingDelivery], error: Exception) -> None:
        """Fail a group, and also the queue if the database is unavailable.

        GitHub waits 10 s for a response, so a queued delivery must not wait for a second timeout.
        """
        has_lost_storage = isinstance(error, (TimeoutError, OSError)) or is_outage(error)
        self._report_failure(group, error, is_outage=has_lost_storage)
        if has_lost_storage:
            await self._disconnect()
            group = [*group, *self._queue]
            self._queue.clear()
        for pending in group:
            self._finish(pending, _unavailable() if has_lost_storage else error)

    def _report_failure(self, group: Sequence[PendingDelivery], error: Exception, *, is_outage: bool) -> None:
        """Log a failure. Of an outage, log only the first one."""
        if is_outage and self._is_failing:
            return
        self._is_failing = is_outage
        refusal = domain_error(error) if isinstance(error, psycopg.Error) else None
        reason = name_setting(refusal, self._setting).remedy if isinstance(refusal, StorageUnavailable) else None
        _log.error("group_commit_failed", error=type(error).__name__, group_size=len(group), reason=reason)

    def _report_success(self) -> None:
        if self._is_failing:
            self._is_failing = False
            _log.info("group_commits_resumed")


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The database does not respond. Try again later.", retry_after=_RETRY_AFTER)
