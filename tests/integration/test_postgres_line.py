"""Questions that go past the driver's cursors: prepared once, and no worse for what goes wrong."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.connection import line as lines
from adapters.postgres.connection.database import Database
from adapters.postgres.connection.line import Line
from core.domain.errors import StorageConflict

_PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    """Give a connection."""
    database = Database(database_url)
    opened = await database.connect()
    yield opened
    await opened.close()


async def test_sends_positional_and_named_values(line: Line) -> None:
    """A name may occur twice; a percent sign is doubled."""
    assert await line.ask("SELECT %s::int + 1, %s::text", (41, "é")) == [(42, "é")]
    by_name = "SELECT %(a)s::int, %(b)s::text, %(a)s::int, 'x%%'"
    assert await line.ask(by_name, {"a": 1, "b": None}) == [(1, None, 1, "x%")]
    assert await line.ask("SELECT 1 WHERE false", ()) == []


async def test_prepares_a_statement_once_per_value_types(line: Line) -> None:
    """The driver uses different types for small and large numbers."""
    for value in (1, 2, 3, 2**40, 2**40 + 1):
        assert await line.ask("SELECT %s", (value,)) == [(value,)]
    assert await line.ask(_PREPARED, ()) == [(3,)]


async def test_evicts_the_oldest_prepared_statements(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST_PREPARED", 3)
    for number in [*range(6), *range(6)]:
        assert await line.ask(f"SELECT {number}", ()) == [(number,)]
    assert await line.ask(_PREPARED, ()) == [(3,)]


async def test_raises_the_errors_of_the_driver_and_continues(line: Line) -> None:
    """Whether preparing or executing fails."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        await line.ask("SELECT * FROM nowhere", ())
    for divisor in (1, 0, 2):
        if divisor:
            assert await line.ask("SELECT 4 / %s", (divisor,)) == [(4 // divisor,)]
        else:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await line.ask("SELECT 4 / %s", (divisor,))


async def test_transfers_more_than_the_socket_buffer(line: Line) -> None:
    """In both directions."""
    text = "x" * 20_000_000
    [(length, back)] = await line.ask("SELECT length(%s), %s", (text, text))
    assert length == len(back) == len(text)


async def test_cancelled_wait_closes_only_the_connection(database_url: str) -> None:
    """No other caller gets the late response."""
    database = Database(database_url, connections=1)

    async def ask_slowly() -> None:
        async with database.session() as session:
            await session.read("SELECT pg_sleep(5)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask_slowly(), 0.2)
    async with database.session() as session:
        assert await session.read("SELECT 7") == [(7,)]
    await database.close()


async def test_prepared_statements_survive_a_rollback(database_url: str) -> None:
    """Without a commit, or after a caught error."""
    database = Database(database_url, connections=1)
    for _ in range(3):
        async with database.session() as session:
            await session.change("CREATE TABLE t ()")
            assert await session.read("SELECT count(*) FROM t") == [(0,)]
        async with database.session() as session:
            with pytest.raises(psycopg.errors.UndefinedTable):
                await session.write("SELECT * FROM t")
            with pytest.raises(StorageConflict):
                await session.commit()
        async with database.session() as session:
            await session.change("CREATE TEMPORARY TABLE kept () ON COMMIT DROP")
            await session.commit(("SELECT 1", ()))
    await database.close()
