from typing import Any, Protocol, Self, TypeVar

import psycopg
from psycopg.abc import PQGen

from adapters.postgres.connection.packed_arrays import register_packed_arrays
from adapters.postgres.rows import codec

# For cancelling, a pooler sends clients an invented number; PostgreSQL sends its process id.
BACKEND_PID = "SELECT pg_backend_pid()"


async def detect_pooler(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether the connection uses a pooler, and turn prepared statements off if so."""
    cursor = await connection.execute(BACKEND_PID)
    row = await cursor.fetchone()
    return adapt_to_pooler(connection, row[0] if row else None)


def adapt_to_pooler(connection: psycopg.AsyncConnection[Any], backend_pid: int | None) -> bool:
    """Return whether this id of a server process shows a pooler, and stop preparing statements if so."""
    is_pooled = backend_pid != connection.pgconn.backend_pid
    if is_pooled:
        connection.prepare_threshold = None
    return is_pooled


# An idle transaction holds locks and delays all later domain events. Pages are in memory or on flash: with
# the default price of a random page (4.0, for rotating disks), a new catalog that is not vacuumed yet would
# be read completely and sorted.
# Only without a pooler: these settings would change a server process that other programs use next.
_SET_UP = """
    SELECT pg_backend_pid(), count(set_config(name, value, false)) FROM (VALUES
        ('TimeZone', 'UTC'),
        ('statement_timeout', '8s'),
        ('lock_timeout', '5s'),
        ('idle_in_transaction_session_timeout', '5s'),
        ('random_page_cost', '1.1')
    ) AS settings (name, value) WHERE pg_backend_pid() = %s
"""
_SET_UP_SECONDS = 5.0
# If a server is silent, psycopg would wait five seconds for it to cancel a statement.
_CANCEL_SECONDS = 1.0
_POLL_SECONDS = 0.1
# psycopg's default of 100 is less than the number of different statements.
_MAX_PREPARED = 200

Result = TypeVar("Result")


class ConnectObserver(Protocol):
    """Receives the result of each attempt to connect."""

    def record_success(self) -> None:
        """Record that the server accepted a connection."""

    def record_failure(self, error: psycopg.Error) -> None:
        """Record that an attempt failed."""


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection to PostgreSQL with this service's settings, types and time limit.

    It commits each statement separately unless a `BEGIN` was executed. Statements are prepared at their first
    use, except through a pooler.
    """

    is_pooled = False
    """Whether the connection goes through a pooler in transaction mode: then each transaction may use another server
    process, so prepared statements and session settings do not persist."""

    statements: psycopg.AsyncCursor[tuple[Any, ...]]
    """A cursor for one statement after another. To create a cursor for each costs as much as a short statement."""

    timeout_seconds = _SET_UP_SECONDS
    """How long to wait for a response. Longer than the server's limit for a statement: only a server
    that does not respond exceeds it."""

    @classmethod
    async def connect(  # type: ignore[override] # psycopg's options are set here
        cls,
        conninfo: str = "",
        *,
        timeout_seconds: float,
        observer: ConnectObserver,
        **options: Any,  # noqa: ANN401 - psycopg's
    ) -> Self:
        """Return an open connection that waits at most `timeout_seconds` for the server; raises `psycopg.Error`."""
        try:
            connection = await super().connect(conninfo, autocommit=True, prepare_threshold=0, **options)
            await connection.set_up()
        except psycopg.Error as error:
            observer.record_failure(error)
            raise
        connection.timeout_seconds = timeout_seconds
        observer.record_success()
        return connection

    async def wait(
        self,
        gen: PQGen[Result],
        interval: float = _POLL_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's
    ) -> Result:
        """Wait for the server as psycopg does, for a limited time. `asyncio.timeout` would cost ten times as much."""
        return await super().wait(gen, interval, timeout or self.timeout_seconds)

    async def cancel_safe(self, *, timeout: float = _CANCEL_SECONDS) -> None:  # noqa: ASYNC109 - psycopg's
        """Let the server stop the current statement. If it does not respond, close the connection."""
        try:
            await super().cancel_safe(timeout=min(timeout, _CANCEL_SECONDS))
        except BaseException:
            await self.close()
            raise

    async def set_up(self) -> None:
        """Set limits and types; raises `psycopg.Error`, and then the connection is closed."""
        codec.register(self)
        register_packed_arrays(self)
        self.prepared_max = _MAX_PREPARED
        try:
            cursor = await self.execute(_SET_UP, (self.pgconn.backend_pid,), prepare=False)
            [(backend_pid, _)] = await cursor.fetchall()
        except BaseException:
            await self.close()
            raise
        self.is_pooled = adapt_to_pooler(self, backend_pid)
        self.statements = self.cursor(binary=True)
