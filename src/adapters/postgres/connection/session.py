from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from adapters.postgres.connection.errors import domain_error
from adapters.postgres.connection.server_connection import Connection
from core.domain.errors import StorageConflict

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]
Result = TypeVar("Result")

# These settings end with the transaction; without a pooler `Connection` sets them for the session.
_BEGIN_POOLED = (
    "BEGIN; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '5s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL TimeZone = 'UTC'"
)


class Session:
    """One connection for the length of a unit of work.

    The transaction begins with the first write or lock. Reads before it each see the committed state, as they
    would inside a transaction (read committed), and cost one round trip instead of three.
    """

    __slots__ = ("_connection", "_must_not_commit")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._must_not_commit = False

    @property
    def connection(self) -> Connection:
        """The connection of this session."""
        return self._connection

    async def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes and locks nothing, and return its rows."""
        cursor = await self._execute(statement, parameters)
        return await cursor.fetchall()

    async def write_and_commit(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that is a separate transaction, committed when this returns; return its rows."""
        if self._status != TransactionStatus.IDLE:
            raise RuntimeError("A statement that commits at once needs a session without a transaction.")
        cursor = await self._execute(statement, parameters)
        return await cursor.fetchall()

    async def write(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes or locks, inside the transaction, and return its rows."""
        await self._begin()
        cursor = await self._execute(statement, parameters)
        return await cursor.fetchall()

    async def change(self, statement: str, parameters: Parameters = ()) -> int:
        """Run a statement without rows inside the transaction, and return how many rows it changed."""
        await self._begin()
        cursor = await self._execute(statement, parameters)
        return max(cursor.rowcount, 0)

    async def change_exactly(self, count: int, statement: str, parameters: Parameters) -> None:
        """Like `change`; raises `StorageConflict` unless it changed `count` rows, and prevents the commit."""
        if await self.change(statement, parameters) != count:
            self._must_not_commit = True
            raise StorageConflict(
                "The object was changed or deleted by another request. Load it again, then try again."
            )

    async def commit(self, *last: tuple[str, Parameters]) -> None:
        """Run the last statements and commit, in one round trip. Does nothing if nothing was written.

        Raises `StorageConflict` if an earlier statement failed and the caller caught its error.
        """
        if self._must_not_commit or self._status == TransactionStatus.INERROR:
            raise StorageConflict("The change failed before it was committed. Nothing was changed. Try again.")
        if last:
            await self._begin()
            await self._run(self._commit_after(last))
        elif self._status != TransactionStatus.IDLE:
            await self._run(self._connection.commit())

    async def roll_back(self) -> None:
        """Roll back everything that was not committed. Close the connection if that fails."""
        status = self._status
        if status in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            return
        try:
            if status == TransactionStatus.ACTIVE:
                # The time limit ended the wait. The response could still come, so the connection is closed.
                with suppress(psycopg.Error):
                    await self._connection.cancel_safe()
                await self._connection.close()
            else:
                await self._connection.rollback()
        except psycopg.Error:
            await self._connection.close()
        except BaseException:
            await self._connection.close()
            raise

    @property
    def _status(self) -> int:
        return self._connection.pgconn.transaction_status

    async def _begin(self) -> None:
        if self._status == TransactionStatus.IDLE:
            begin = _BEGIN_POOLED if self._connection.is_pooled else "BEGIN"
            await self._run(self._connection.statements.execute(begin, prepare=False, binary=False))

    async def _execute(self, statement: str, parameters: Parameters) -> psycopg.AsyncCursor[Row]:
        return await self._run(self._connection.statements.execute(statement, parameters))

    async def _commit_after(self, last: Sequence[tuple[str, Parameters]]) -> None:
        async with self._connection.pipeline():
            for statement, parameters in last:
                await self._connection.execute(statement, parameters)
            await self._connection.execute("COMMIT")

    async def _run(self, operation: Coroutine[Any, Any, Result]) -> Result:
        """Await an operation of the driver, and translate its errors."""
        try:
            return await operation
        except psycopg.Error as error:
            if refusal := domain_error(error):
                raise refusal from error
            raise
