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


async def test_values_travel_by_place_and_by_name(line: Line) -> None:
    """A name may stand twice, and a per cent sign is written twice."""
    assert await line.ask("SELECT %s::int + 1, %s::text", (41, "é")) == [(42, "é")]
    by_name = "SELECT %(a)s::int, %(b)s::text, %(a)s::int, 'x%%'"
    assert await line.ask(by_name, {"a": 1, "b": None}) == [(1, None, 1, "x%")]
    assert await line.ask("SELECT 1 WHERE false", ()) == []


async def test_a_question_is_prepared_once_for_each_kind_of_value(line: Line) -> None:
    """Small and large numbers are of different types to the driver."""
    for value in (1, 2, 3, 2**40, 2**40 + 1):
        assert await line.ask("SELECT %s", (value,)) == [(value,)]
    assert await line.ask(_PREPARED, ()) == [(3,)]


async def test_the_oldest_make_room(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, the server keeps no more than so many, and all are answered."""
    monkeypatch.setattr(lines, "_MOST_PREPARED", 3)
    for number in [*range(6), *range(6)]:
        assert await line.ask(f"SELECT {number}", ()) == [(number,)]
    assert await line.ask(_PREPARED, ()) == [(3,)]


async def test_a_refusal_is_the_drivers_and_the_next_question_is_answered(line: Line) -> None:
    """Both where it cannot be prepared and where it cannot be run."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        await line.ask("SELECT * FROM nowhere", ())
    for divisor in (1, 0, 2):
        if divisor:
            assert await line.ask("SELECT 4 / %s", (divisor,)) == [(4 // divisor,)]
        else:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await line.ask("SELECT 4 / %s", (divisor,))


async def test_more_than_the_socket_takes_at_once_arrives(line: Line) -> None:
    """Both ways."""
    text = "x" * 20_000_000
    [(length, back)] = await line.ask("SELECT length(%s), %s", (text, text))
    assert length == len(back) == len(text)


async def test_a_wait_that_is_given_up_costs_the_connection_alone(database_url: str) -> None:
    """Nobody gets the answer that another left on its way."""
    database = Database(database_url, connections=1)

    async def ask_slowly() -> None:
        async with database.session() as session:
            await session.read("SELECT pg_sleep(5)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask_slowly(), 0.2)
    async with database.session() as session:
        assert await session.read("SELECT 7") == [(7,)]
    await database.close()


async def test_what_was_prepared_outlives_what_is_rolled_back(database_url: str) -> None:
    """Left without a commit, or undone by an error that someone caught."""
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
