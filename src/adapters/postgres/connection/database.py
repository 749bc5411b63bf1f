import asyncio
import select
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.connection.errors import DATABASE_URL, name_setting, storage_unavailable, unreachable
from adapters.postgres.connection.server_connection import Connection
from adapters.postgres.connection.session import Session
from core.domain.errors import StorageNotPrepared, StorageUnavailable
from core.domain.secret import redact_url

_log = structlog.get_logger(__name__)

Result = TypeVar("Result")

_FIND_TABLES = "SELECT FROM git_webhook_events LIMIT 0"
_CLOSE_SECONDS = 1.0
# The URL can override these. A peer that vanished without a packet is noticed within half a minute.
_DEFAULTS: dict[str, str | int | None] = {
    "connect_timeout": 5,
    "client_encoding": "UTF8",
    "fallback_application_name": "crewkit-git",
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Database:
    """A bounded pool of connections to one PostgreSQL, for one event loop.

    Differs from psycopg's pool in two points. During an outage, a task that needs a new connection fails as
    soon as connecting fails, with the reason, instead of waiting for the whole time limit. A connection that
    the server closed while it was idle is replaced without a delay.
    """

    def __init__(
        self,
        url: str,
        *,
        setting: str = DATABASE_URL,
        max_connections: int = 10,
        acquire_timeout_seconds: float = 5.0,
        timeout_seconds: float = 9.0,
    ) -> None:
        """Configure the pool. It opens a connection when a task needs one and none is idle.

        `acquire_timeout_seconds` limits the wait for a connection in use, and for a new one. `timeout_seconds` limits
        the wait for the response to a statement. It is longer than PostgreSQL's own limit, so it ends only waits for
        a server that is silent; ending such a wait takes a second more. Remedies name the `setting` with the URL.
        """
        self._conninfo = make_conninfo("", **(_DEFAULTS | conninfo_to_dict(url)))
        self._setting = setting
        self._outages = _OutageLog(redact_url(url), setting)
        self._options: dict[str, Any] = {"timeout_seconds": timeout_seconds, "observer": self._outages}
        self._acquire_timeout_seconds = acquire_timeout_seconds
        # Tasks wait here for a connection in use. In the pool's own queue each wait would cost a task.
        self._permits = asyncio.Semaphore(max_connections)
        self._waiters: set[asyncio.Timeout] = set()
        self._pool = AsyncConnectionPool(
            self._conninfo,
            connection_class=Connection,
            kwargs=self._options,
            open=False,
            min_size=0,
            max_size=max_connections,
            timeout=acquire_timeout_seconds,
            # Do not retry in the background with growing delays: the next task that needs a connection tries
            # again, so an outage is over as soon as the server is back.
            reconnect_timeout=0,
            reconnect_failed=self._fail_waiters,
        )

    async def check_tables(self) -> None:
        """Return if the server responds and has the tables; raises `StorageUnavailable` if not."""
        async with self.session() as session:
            await session.read(_FIND_TABLES)
        self._outages.record_tables()

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Acquire a connection for the length of the block, and roll back what was not committed at its end.

        Raises `StorageUnavailable` if no connection is available in time.
        """
        return _PooledSession(self)

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[Session]:
        """Open a connection outside the pool for the length of the block; raises `StorageUnavailable`."""
        try:
            connection = await Connection.connect(self._conninfo, **self._options)
        except psycopg.OperationalError as error:
            raise name_setting(unreachable(error), self._setting) from error
        try:
            yield Session(connection)
        except StorageUnavailable as error:
            self.describe(error)
            raise
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close the idle connections now, and those in use when they are released."""
        await self._pool.close(timeout=_CLOSE_SECONDS)

    async def acquire(self) -> Connection:
        """Return a connection, to be released; raises `StorageUnavailable`."""
        try:
            if self._permits.locked():
                await self._limit_wait(self._permits.acquire())
            else:
                await self._permits.acquire()
            try:
                return await self._get_live_connection()
            except BaseException:
                self._permits.release()
                raise
        except (TimeoutError, psycopg.OperationalError) as error:
            raise self._outages.create_error() from self._outages.error or error

    async def release(self, connection: Connection) -> None:
        """Return a connection to the pool."""
        self._permits.release()
        await self._pool.putconn(connection)

    def describe(self, error: StorageUnavailable) -> None:
        """Name the setting with the URL in the remedy, and log missing tables once."""
        name_setting(error, self._setting)
        if isinstance(error, StorageNotPrepared):
            self._outages.record_missing_tables(error)

    async def _get_live_connection(self) -> Connection:
        if self._pool.closed:
            await self._pool.open()
        while True:
            has_idle = self._pool.get_stats()["pool_available"]
            connection = await (self._pool.getconn() if has_idle else self._limit_wait(self._pool.getconn()))
            if not _has_input(connection):
                return connection
            # The server has closed it. psycopg's own check would wait a second before it tries the next one.
            await connection.close()
            await self._pool.putconn(connection)

    async def _limit_wait(self, operation: Awaitable[Result]) -> Result:
        """Await an operation until the time limit, or until connecting fails. A limit costs as much as a connection."""
        async with asyncio.timeout(self._acquire_timeout_seconds) as waiter:
            self._waiters.add(waiter)
            try:
                return await operation
            finally:
                self._waiters.discard(waiter)

    def _fail_waiters(self, pool: AsyncConnectionPool[Connection]) -> None:
        """Let waiting tasks fail if connecting failed and no connection exists.

        If a connection is in use, they wait for its release, or for the next task that needs one, up to the time limit:
        a server that only rejects further connections must not fail them.
        """
        if pool.get_stats()["pool_size"]:
            return
        now = asyncio.get_running_loop().time()
        for waiter in self._waiters:
            if not waiter.expired():
                waiter.reschedule(now)


class _PooledSession(AbstractAsyncContextManager[Session]):
    """A session on a connection of the pool. A class, because a generator would cost as much as the pool."""

    __slots__ = ("_connection", "_database", "_session")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Session:
        """Acquire a connection."""
        self._connection = await self._database.acquire()
        self._session = Session(self._connection)
        return self._session

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Roll back what was not committed, and release the connection."""
        if isinstance(error, StorageUnavailable):
            self._database.describe(error)
        try:
            await self._session.roll_back()
        finally:
            await self._database.release(self._connection)


class _OutageLog:
    """Logs the start and the end of each outage once, and remembers its reason."""

    def __init__(self, url: str, setting: str) -> None:
        self._url = url
        self._setting = setting
        self._remedy: str | None = None
        self._lacks_tables = False
        self.error: psycopg.Error | None = None
        """The error of the last attempt to connect, if it failed."""

    def record_success(self) -> None:
        """Record that the server accepted a connection."""
        self.error = None
        if self._remedy is not None:
            self._remedy = None
            _log.info("database_available", url=self._url)

    def record_failure(self, error: psycopg.Error) -> None:
        """Record that an attempt to connect failed."""
        self.error = error
        remedy = name_setting(unreachable(error), self._setting).remedy
        if self._remedy != remedy:
            self._remedy = remedy
            # Further lines of the message are the driver's advice.
            message = str(error).partition("\n")[0]
            _log.warning("database_unavailable", url=self._url, error=message, reason=remedy)

    def create_error(self) -> StorageUnavailable:
        """Return the error for a task that did not get a connection."""
        return name_setting(unreachable(self.error) if self.error else storage_unavailable(), self._setting)

    def record_missing_tables(self, error: StorageNotPrepared) -> None:
        """Record that tables are missing."""
        if not self._lacks_tables:
            self._lacks_tables = True
            _log.error("database_not_migrated", url=self._url, reason=error.remedy)

    def record_tables(self) -> None:
        """Record that the tables exist."""
        if self._lacks_tables:
            self._lacks_tables = False
            _log.info("database_migrated", url=self._url)


def _has_input(connection: Connection) -> bool:
    """Return whether the server sent something to an idle connection: it does before it closes one."""
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))
