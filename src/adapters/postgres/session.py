import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from adapters.postgres.errors import domain_error
from core.domain.errors import DomainError, StorageConflict

Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]
Parameters = Sequence[Any] | Mapping[str, Any]


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

    async def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes and locks nothing, and return its rows."""
        return await (await self._run(statement, parameters)).fetchall()

    async def write(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that changes or locks, inside the transaction, and return its rows."""
        await self._begin()
        return await (await self._run(statement, parameters)).fetchall()

    async def change(self, statement: str, parameters: Parameters = ()) -> int:
        """Run a statement that returns nothing, inside the transaction, and tell how many rows it changed."""
        await self._begin()
        return (await self._run(statement, parameters)).rowcount

    async def change_exactly(self, count: int, statement: str, parameters: Parameters) -> None:
        """Like `change`; raises `StorageConflict`, which dooms the transaction, unless it changed so many."""
        if await self.change(statement, parameters) != count:
            self._is_doomed = True
            raise StorageConflict("What was to be changed was changed or removed meanwhile; try again.")

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
        elif self._in_transaction:
            committed = await self._run("COMMIT")
        else:
            return
        self._in_transaction = False
        if committed.statusmessage != "COMMIT":
            raise _undone()

    async def end(self) -> None:
        """Roll back what was not committed; a connection that cannot is of no use and is closed."""
        self._in_transaction = False
        if self._connection.info.transaction_status is TransactionStatus.IDLE:
            return
        try:
            await self._run("ROLLBACK")
        except (DomainError, psycopg.Error):
            await self._connection.close()

    async def _begin(self) -> None:
        if not self._in_transaction:
            await self._run("BEGIN")
            self._in_transaction = True

    async def _run(self, statement: str, parameters: Parameters = ()) -> psycopg.AsyncCursor[Row]:
        with Watched(self._connection, self._silence):
            return await self._connection.execute(statement, parameters, prepare=True, binary=True)


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
        self._timer = loop.call_later(self._seconds, _hang_up, self._connection)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if isinstance(error, psycopg.Error):
            refusal = domain_error(error)
            if refusal:
                raise refusal from error


def _undone() -> StorageConflict:
    return StorageConflict("The change had failed before it was committed; nothing was changed.")


def _hang_up(connection: Connection) -> None:
    """Let the driver see the end of the stream, which it handles well, while the socket stays its own."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
