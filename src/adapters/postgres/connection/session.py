import asyncio
from types import TracebackType

import psycopg

from adapters.postgres.connection.errors import domain_error
from adapters.postgres.connection.line import Line, Parameters, Row
from core.domain.errors import DomainError, StorageConflict

Connection = Line

# These settings end with the transaction; without a pooler `database` sets them for the session.
_BEGIN_POOLED = (
    "BEGIN; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '5s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL TimeZone = 'UTC'"
)


class Session:
    """One connection for the length of a unit of work.

    The transaction begins with the first write or lock: reads before it each see what is committed, as they
    would inside one (read committed), and cost one round trip instead of three.
    """

    __slots__ = ("_connection", "_in_transaction", "_is_doomed", "_silence")

    def __init__(self, connection: Connection, silence: float) -> None:
        self._connection = connection
        self._silence = silence
        self._in_transaction = False
        self._is_doomed = False

    @property
    def connection(self) -> Connection:
        """The connection it is on."""
        return self._connection

    async def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes and locks nothing, and return its rows."""
        with Watched(self._connection, self._silence):
            return await self._connection.ask(statement, parameters)

    async def write_at_once(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that is a transaction of its own, committed when this returns; return its rows."""
        if self._in_transaction:
            raise RuntimeError("A statement that commits at once needs a session without a transaction.")
        with Watched(self._connection, self._silence):
            return await self._connection.ask(statement, parameters)

    async def write(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes or locks, inside the transaction, and return its rows."""
        await self._begin()
        with Watched(self._connection, self._silence):
            return await self._connection.ask(statement, parameters)

    async def change(self, statement: str, parameters: Parameters = ()) -> int:
        """Run a statement that returns nothing, inside the transaction, and tell how many rows it changed."""
        await self._begin()
        with Watched(self._connection, self._silence):
            return await self._connection.tell(statement, parameters)

    async def change_exactly(self, count: int, statement: str, parameters: Parameters) -> None:
        """Like `change`; raises `StorageConflict`, which dooms the transaction, unless it changed so many."""
        if await self.change(statement, parameters) != count:
            self._is_doomed = True
            raise StorageConflict(
                "The object was changed or deleted by another request. Load it again, then try again."
            )

    async def commit(self, *last: tuple[str, Parameters]) -> None:
        """Run the last statements and commit, in one round trip; where nothing was written there is none.

        Raises `StorageConflict` where an error that someone caught had undone the transaction.
        """
        if self._is_doomed:
            raise _undone()
        if last:
            await self._begin()
            with Watched(self._connection, self._silence):
                async with self._connection.pipeline():
                    for statement, parameters in last:
                        await self._connection.execute(statement, parameters, prepare=True)
                    committed = await self._connection.execute("COMMIT", prepare=True)
            answered = committed.statusmessage
        elif self._in_transaction:
            answered = await self._command("COMMIT")
        else:
            return
        self._in_transaction = False
        if answered != "COMMIT":
            # What a cursor saw rolled back the driver then takes for unprepared, and tells the server so.
            await self._connection.close()
            raise _undone()

    async def roll_back(self) -> None:
        """Roll back what was not committed; a connection that cannot is of no use and is closed."""
        self._in_transaction = False
        try:
            await self._command("ROLLBACK")
        except (DomainError, psycopg.Error):
            await self._connection.close()

    async def _begin(self) -> None:
        if not self._in_transaction:
            await self._command(_BEGIN_POOLED if self._connection.is_pooled else "BEGIN")
            self._in_transaction = True

    async def _command(self, command: str) -> str:
        with Watched(self._connection, self._silence):
            return await self._connection.command(command)


class Watched:
    """Says what the database's errors mean, and ends the wait for a server that says nothing at all.

    A timeout around the call would not do: the driver, cancelled, asks the silent server to cancel, too.
    """

    __slots__ = ("_connection", "_seconds", "_timer")

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._connection.hang_up)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if isinstance(error, psycopg.Error):
            refusal = domain_error(error)
            if refusal:
                raise refusal from error


def _undone() -> StorageConflict:
    return StorageConflict("The change failed before it was committed. Nothing was changed. Try again.")
