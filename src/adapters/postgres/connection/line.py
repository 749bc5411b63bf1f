"""A connection that asks at half of what the driver's cursors cost.

A cursor is made for whatever may come: pipelines, several results, statements that are prepared once they
were seen often enough. Here it is always one prepared statement with one result, so it goes to libpq
directly, through the driver's public parts: its conversion of values, and `psycopg.pq` (docs/performance.md).
"""

import itertools
import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from adapters.postgres.connection.socket_watch import SocketWatch, writable

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]
Answer = TypeVar("Answer")

# More are not kept, lest a server hold a plan for each question anyone ever asked.
_MOST_PREPARED = 200
# A server that is silent is not told, either.
_GIVING_UP_SECONDS = 1.0
_PLACEHOLDER = re.compile(r"%(?:s|\((\w+)\)s|%)")


class Line(psycopg.AsyncConnection[Row]):
    """A connection to PostgreSQL, for one task at a time.

    Whoever gives up a wait leaves its answer on the way, so that the connection is of no more use.
    """

    def __init__(self, pgconn: PGconn) -> None:
        """Be the connection that was made: `connect` is how to get one."""
        super().__init__(pgconn)
        # The name of each prepared statement, by its text and the types of its values.
        self._known: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._numbers = itertools.count()
        self._watch = SocketWatch()
        self.is_pooled = False
        """Whether a pooler is between, so that nothing of the session lasts; see `pooler`."""

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and in no transaction."""
        return self.pgconn.transaction_status == TransactionStatus.IDLE

    @property
    def is_asking(self) -> bool:
        """Whether the server is at work on what was asked."""
        return self.pgconn.transaction_status == TransactionStatus.ACTIVE

    async def give_up(self) -> None:
        """Let the server stop what nobody waits for; it would be at it until its own limit."""
        with suppress(psycopg.Error, OSError):
            await self.cancel_safe(timeout=_GIVING_UP_SECONDS)

    @cached_property
    def _values(self) -> abc.Transformer:
        return Transformer(self)  # once the connection knows of all our types

    async def ask(self, statement: str, parameters: Parameters) -> list[Row]:
        """Run a statement and return its rows; raises the driver's errors."""
        result = await self._run(statement, parameters)
        self._values.set_pgresult(result, format=Format.BINARY)
        return self._values.load_rows(0, result.ntuples, tuple)

    async def tell(self, statement: str, parameters: Parameters) -> int:
        """Run a statement and return how many rows it changed; raises the driver's errors."""
        return (await self._run(statement, parameters)).command_tuples or 0

    async def command(self, command: str) -> str:
        """Run a command without values, such as BEGIN, and return what the server calls it.

        After a ROLLBACK of a cursor's the driver forgets all prepared statements, and lets the server forget.
        """
        self.pgconn.send_query(command.encode())
        return ((await self._answer()).command_status or b"").decode()

    async def _run(self, statement: str, parameters: Parameters) -> PGresult:
        wanted, values = _sql(statement), self._values
        given = wanted.arrange(parameters)
        # In which order they are asked for matters: the types are those of what was converted last.
        dumped = values.dump_sequence(given, (PyFormat.AUTO,) * len(given)) if given else None
        types, formats = (values.types or (), values.formats) if given else ((), None)
        if self.is_pooled:
            self.pgconn.send_query_params(
                wanted.text, dumped, param_types=types, param_formats=formats, result_format=Format.BINARY
            )
            return await self._answer()
        name = self._known.get((statement, types)) or await self._prepare(statement, wanted.text, types)
        self.pgconn.send_query_prepared(name, dumped, param_formats=formats, result_format=Format.BINARY)
        return await self._answer()

    async def _prepare(self, statement: str, text: bytes, types: tuple[int, ...]) -> bytes:
        if len(self._known) >= _MOST_PREPARED:
            await self.command(f"DEALLOCATE {self._known.pop(next(iter(self._known))).decode()}")
        name = f"asked_{next(self._numbers)}".encode()
        self.pgconn.send_prepare(name, text, types)
        await self._answer()
        self._known[statement, types] = name
        return name

    async def wait(
        self,
        gen: abc.PQGen[Answer],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's
    ) -> Answer:
        """Do what the driver does for its cursors, which watch the socket themselves."""
        self._watch.end()
        return await super().wait(gen, interval, timeout)

    async def close(self) -> None:
        """Close the connection."""
        self._watch.end()
        await super().close()

    def hang_up(self) -> None:
        """Let whoever waits see the end of the stream, while the socket stays the driver's own."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        self._watch.wake()

    async def _answer(self) -> PGresult:
        """Send what is to be sent, and wait for the one result."""
        pgconn = self.pgconn
        found: PGresult | None = None
        try:
            while pgconn.flush():
                await writable(pgconn.socket)
            while True:
                while pgconn.is_busy():
                    await self._watch.readable(pgconn.socket)
                    pgconn.consume_input()
                result = pgconn.get_result()
                if result is None:
                    break
                found = result
        except BaseException:
            self._watch.end()
            raise
        if found is None or found.status == ExecStatus.FATAL_ERROR:
            # libpq may have closed the socket, whose number is then the next one's who opens something.
            self._watch.end()
            raise self._error(found)
        return found

    def _error(self, result: PGresult | None) -> psycopg.Error:
        if result is None:
            return psycopg.OperationalError("the connection ended before the response")
        return error_from_result(result, encoding=self.info.encoding)


@dataclass(frozen=True, slots=True)
class _Sql:
    """A statement as the server takes it, and the names of its parameters where they have any."""

    text: bytes
    names: tuple[str, ...]

    def arrange(self, parameters: Parameters) -> Sequence[Any]:
        """Return the values in the statement's order; those of a statement without names are in it."""
        given: Any = parameters
        return [given[name] for name in self.names] if self.names else given


@cache
def _sql(statement: str) -> _Sql:
    names: list[str] = []
    count = 0

    def numbered(match: "re.Match[str]") -> str:
        nonlocal count
        if match.group() == "%%":
            return "%"
        name = match.group(1)
        if name is None:
            count += 1
            return f"${count}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _Sql(_PLACEHOLDER.sub(numbered, statement).encode(), tuple(names))
