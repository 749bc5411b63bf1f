import asyncio
import select
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.connection.errors import storage_unavailable, unreachable
from adapters.postgres.connection.line import Line
from adapters.postgres.connection.packed_arrays import register_packed_arrays
from adapters.postgres.connection.pooler import adapt_to_pooler
from adapters.postgres.connection.session import Connection, Session, Watched
from adapters.postgres.rows import codec
from core.domain.errors import StorageNotPrepared, StorageUnavailable
from core.domain.secret import redact_url

_log = structlog.get_logger(__name__)

# A transaction that idles holds locks, and holds back every domain event behind its own. Pages are in memory
# or on flash; priced as if a disk had to turn for each (4.0, the default), a catalog that was filled a moment
# ago and not vacuumed yet is rather read whole and sorted.
# Only without a pooler: behind one they would change a server process that other programs use next.
_SET_UP = """
    SELECT pg_backend_pid(), count(set_config(name, value, false)) FROM (VALUES
        ('TimeZone', 'UTC'),
        ('statement_timeout', '8s'),
        ('lock_timeout', '5s'),
        ('idle_in_transaction_session_timeout', '5s'),
        ('random_page_cost', '1.1')
    ) AS settings (name, value) WHERE pg_backend_pid() = %s
"""
_LOOK = "SELECT FROM git_webhook_events LIMIT 0"
# What the URL may say otherwise. A peer that vanished without a word is noticed in half a minute.
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

    Hand-made because it is on every request's path: a short query through SQLAlchemy's asynchronous engine
    takes seven times, and through psycopg's pool twice the CPU it takes here. A connection is made when one
    is wanted and none is idle, so an outage is over for us the moment the server answers again.
    """

    def __init__(self, url: str, *, connections: int = 10, patience: float = 5.0, silence: float = 10.0) -> None:
        """Connect to nothing yet.

        `patience` is how many seconds one waits for a connection that others have, `silence` how many for an
        answer of the server: more than its own limit for a statement, so it speaks for one that cannot.
        """
        self._parameters = make_conninfo("", **(_DEFAULTS | conninfo_to_dict(url)))
        self._idle: list[Connection] = []
        self._places = connections
        self._crowd: deque[asyncio.Future[Connection | None]] = deque()
        self._patience = patience
        self._silence = silence
        self._closed = False
        self._shown = redact_url(url)
        # What would help against the outage that was told last, while it lasts.
        self._missed: str | None = None
        self._lacks_tables = False

    async def look(self) -> None:
        """Return when the server answers and has our tables; raises `StorageUnavailable` when not."""
        async with self.session() as session:
            await session.read(_LOOK)
        if self._lacks_tables:
            self._lacks_tables = False
            _log.info("database_migrated", url=self._shown)

    async def connect(self) -> Connection:
        """Open a connection outside the pool, for whoever keeps one; raises `StorageUnavailable`.

        It commits each statement by itself unless a `BEGIN` was executed.
        """
        try:
            connection = await Line.connect(self._parameters, autocommit=True)
        except psycopg.OperationalError as error:
            refusal = unreachable(error)
            self._miss(refusal, error)
            raise refusal from error
        if self._missed is not None:
            self._missed = None
            _log.info("database_available", url=self._shown)
        codec.register(connection)
        register_packed_arrays(connection)
        try:
            with Watched(connection, self._silence):
                cursor = await connection.execute(_SET_UP, (connection.pgconn.backend_pid,))
                ((backend_pid, _),) = await cursor.fetchall()
                connection.is_pooled = adapt_to_pooler(connection, backend_pid)
        except BaseException:
            await connection.close()
            raise
        return connection

    def session(self) -> "Lent":
        """Lend a connection for the length of an `async with` block; see `Lent`."""
        return Lent(self)

    async def lend(self) -> Session:
        """Take a connection out of the pool, for whoever gives it back; raises `StorageUnavailable`."""
        if self._places:
            self._places -= 1
        elif connection := await self._wait_for_place():
            return Session(connection, self._silence)
        try:
            # The connection used last, so that the others may grow old and unused together.
            while self._idle:
                connection = self._idle.pop()
                if _is_silent(connection):
                    return Session(connection, self._silence)
                # A server that speaks unasked is saying goodbye; its other connections heard the same.
                await connection.close()
            return Session(await self.connect(), self._silence)
        except BaseException:
            self._pass_on(None)
            raise

    async def take_back(self, session: Session, error: BaseException | None) -> None:
        """Roll back what was not committed, and keep the connection for the next if it is of use.

        `error` is what ended the use of it, if anything.
        """
        if isinstance(error, StorageNotPrepared):
            self._miss_tables(error)
        connection = session.connection
        try:
            if connection.is_asking:
                await connection.give_up()
            elif not connection.is_idle:
                await session.roll_back()
        finally:
            await self._keep(connection)

    @asynccontextmanager
    async def own_session(self) -> AsyncIterator[Session]:
        """Open a connection outside the pool, and close it at the end of the block, whatever it holds."""
        connection = await self.connect()
        try:
            yield Session(connection, self._silence)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close the idle connections now and those in use when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    def _miss(self, refusal: StorageUnavailable, error: psycopg.OperationalError) -> None:
        """Tell it once an outage: everybody who asks meets it."""
        if self._missed != refusal.remedy:
            self._missed = refusal.remedy
            # Further lines are the driver's advice.
            said = str(error).partition("\n")[0]
            _log.warning("database_unavailable", url=self._shown, error=said, reason=refusal.remedy)

    def _miss_tables(self, refusal: StorageNotPrepared) -> None:
        """Tell it once, until somebody who looked found them."""
        if not self._lacks_tables:
            self._lacks_tables = True
            _log.error("database_not_migrated", url=self._shown, reason=refusal.remedy)

    async def _wait_for_place(self) -> Connection | None:
        """Wait for a place among those who have one; return the connection that comes with it, if any."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Connection | None] = loop.create_future()
        self._crowd.append(turn)
        timer = loop.call_later(self._patience, _send_away, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # It was given to one who has left.
                self._pass_on(turn.result())
            raise
        finally:
            timer.cancel()

    async def _keep(self, connection: Connection) -> None:
        is_of_use = connection.is_idle and not self._closed
        try:
            if not is_of_use:
                await connection.close()
        finally:
            self._pass_on(connection if is_of_use else None)

    def _pass_on(self, connection: Connection | None) -> None:
        """Give a place, and a connection if it is of use, to whoever waits longest."""
        while self._crowd:
            turn = self._crowd.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        self._places += 1
        if connection is not None:
            self._idle.append(connection)


class Lent:
    """A connection for the length of a block; what was not committed at its end is rolled back.

    Entering raises `StorageUnavailable` where none is to be had in time. By hand, because each request
    enters some and a generator as context manager costs five times as much.
    """

    __slots__ = ("_database", "_session")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Session:
        self._session = await self._database.lend()
        return self._session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.take_back(self._session, error)


def _is_silent(connection: Connection) -> bool:
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return not poller.poll(0)


def _send_away(turn: "asyncio.Future[Connection | None]") -> None:
    if not turn.done():
        turn.set_exception(storage_unavailable())
