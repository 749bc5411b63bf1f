import asyncio
import time
from collections.abc import Callable

import psycopg
import structlog
from psycopg import errors

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.errors import unwritable
from core.domain.errors import DomainError, StorageConflict, StorageTooSlow, StorageUnavailable
from ports.telemetry import Metrics

# A result is reused for this long: orchestrators probe every second, and each probe waits for the disk.
_VALID_SECONDS = 5.0
_RETRY_AFTER = 5.0
# With a full disk existing pages and log files can still be overwritten, so a small UPDATE shows nothing. A
# list that does not fit into memory goes to a new file of about 600 KB, which is removed at once.
_LITTLE_MEMORY = "SELECT set_config('work_mem', '64kB', true)"
_NEW_FILE = "SELECT count(*) FROM generate_series(1, 30000)"
# A row lock is written, logged and flushed with the commit, and refused by standbys and read-only databases.
# The table has one row, which only migrations change: while they do, the probe does not wait.
_DURABLE_WRITE = "SELECT FROM git_schema_version FOR UPDATE SKIP LOCKED"

_log = structlog.get_logger(__name__)


class WriteProbe:
    """Finds out whether the database stores changes, for readiness checks. For one event loop."""

    def __init__(
        self, database: Database, *, metrics: Metrics | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._monotonic = monotonic
        self._failure: StorageUnavailable | None = None
        self._valid_until = 0.0
        self._probing: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Return if the database answers, has the tables and stores changes; raises `StorageUnavailable`.

        Writes at most once in five seconds, however often this is called.
        """
        await self._database.check_tables()
        if self._monotonic() >= self._valid_until:
            if self._probing is None:
                self._probing = asyncio.create_task(self._probe(), name="write-probe")
            # A caller that gives up does not end the probe for the others.
            await asyncio.shield(self._probing)
        if self._failure is not None:
            failure = self._failure
            raise type(failure)(failure.message, retry_after=_RETRY_AFTER, remedy=failure.remedy)

    async def close(self) -> None:
        """Stop probing."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})

    async def _probe(self) -> None:
        try:
            failure, message = await self._write()
            self._valid_until = self._monotonic() + _VALID_SECONDS
        finally:
            self._probing = None
        if (failure is None) != (self._failure is None):
            # Logged at the beginning and at the end of an outage, not for each request.
            if failure is None:
                _log.info("database_writable")
            else:
                _log.error("database_not_writable", error=message, reason=failure.remedy)
        self._failure = failure
        if self._metrics is not None:
            self._metrics.set_writable(is_writable=failure is None)

    async def _write(self) -> tuple[StorageUnavailable | None, str]:
        """Write, and return the failure, if any, with PostgreSQL's message."""
        try:
            async with self._database.session() as session:
                await session.write(_LITTLE_MEMORY)
                await session.write(_NEW_FILE)
                await session.write(_DURABLE_WRITE)
                await session.commit()
        except StorageConflict:
            return self._failure, ""  # another session holds the lock: the result is unknown
        except StorageTooSlow as error:
            return unwritable(None), str(error.__cause__ or error)
        except StorageUnavailable as error:
            return error, str(error.__cause__ or error)
        except DomainError:
            return None, ""  # not about writing
        except errors.ConfigurationLimitExceeded:
            return None, ""  # the administrator forbids new files of this size, so the disk cannot be tried
        except psycopg.Error as error:
            return unwritable(error), str(error)
        return None, ""
