"""A connection that asks at half of what the driver's cursors cost.

A cursor is made for whatever may come: pipelines, several results, statements that are prepared once they
were seen often enough. Here it is always one prepared statement with one result, so it goes to libpq
directly, through the driver's public parts: its conversion of values, and `psycopg.pq` (docs/performance.md).
"""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]

# More are not kept, lest a server hold a plan for each question anyone ever asked.
_MOST_PREPARED = 200
_PLACEHOLDER = re.compile(r"%(?:s|\((\w+)\)s|%)")


class Line(psycopg.AsyncConnection[Row]):
    """A connection to PostgreSQL, for one task at a time.

    Whoever gives up a wait leaves its answer on the way, so that the connection is of no more use.
    """

    _known: dict[tuple[str, tuple[int, ...]], bytes]
    """The name of each prepared statement, by its text and the types of its values."""

    _numbers: Iterator[int]
    _values: abc.Transformer

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
        if not hasattr(self, "_known"):
            self._known, self._values, self._numbers = {}, Transformer(self), itertools.count()
        wanted, values = _sql(statement), self._values
        given = wanted.arrange(parameters)
        # In which order they are asked for matters: the types are those of what was converted last.
        dumped = values.dump_sequence(given, (PyFormat.AUTO,) * len(given)) if given else None
        types, formats = (values.types or (), values.formats) if given else ((), None)
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

    async def _answer(self) -> PGresult:
        """Send what is to be sent, and wait for the one result."""
        pgconn, loop = self.pgconn, asyncio.get_running_loop()
        while pgconn.flush():
            await self._wait(loop.add_writer, loop.remove_writer)
        found: PGresult | None = None
        while True:
            while pgconn.is_busy():
                await self._wait(loop.add_reader, loop.remove_reader)
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                break
            found = result
        if found is None:
            raise psycopg.OperationalError("the connection ended before the answer")
        if found.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(found, encoding=self.info.encoding)
        return found

    async def _wait(self, watch: Callable[..., None], unwatch: Callable[[int], bool]) -> None:
        descriptor = self.pgconn.socket
        ready = asyncio.get_running_loop().create_future()
        watch(descriptor, _set, ready)
        try:
            await ready
        finally:
            unwatch(descriptor)


def _set(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


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
