"""The event loop's watch over a connection outlasts an answer, and harms nobody who has the socket next."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from time import process_time
from typing import Any

import psycopg
import pytest
import uvloop

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.line import Line
from core.domain.errors import StorageUnavailable

_KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Give what runs a coroutine: on the loop of our processes, and on Python's own."""
    running: Run = request.param
    return running


def test_cursors_and_statements_alternate(run: Run, database_url: str) -> None:
    """Each gets its own result."""

    async def take_turns() -> None:
        line = await Database(database_url).connect()
        for number in range(3):
            assert await line.ask("SELECT %s::int", (number,)) == [(number,)]
            assert await (await line.execute("SELECT %s::int", (-number,))).fetchall() == [(-number,)]
            async with line.pipeline():
                first, second = await line.execute("SELECT 1"), await line.execute("SELECT 2")
            assert [await first.fetchall(), await second.fetchall()] == [[(1,)], [(2,)]]
        await line.close()

    run(take_turns())


def test_unsolicited_data_wakes_the_loop_once(run: Run, database_url: str) -> None:
    """Otherwise it would keep the event loop busy permanently."""

    async def speak() -> None:
        line = await Database(database_url).connect()
        await line.ask("SELECT 1", ())
        await _end_backend(line, database_url)
        began = process_time()
        await asyncio.sleep(0.5)
        assert process_time() - began < 0.25
        with pytest.raises(psycopg.OperationalError):
            await line.ask("SELECT 1", ())
        await line.close()

    run(speak())


def test_reused_descriptor_is_watched(run: Run, database_url: str) -> None:
    """A lost connection's descriptor number is reused by the next connection."""

    async def lose() -> None:
        database = Database(database_url)
        lost = await database.connect()
        descriptor = lost.fileno()
        asking = asyncio.create_task(lost.ask("SELECT pg_sleep(60)", ()))
        await asyncio.sleep(0.05)
        await _end_backend(lost, database_url)
        with pytest.raises(psycopg.OperationalError):
            await asking
        others = [await database.connect() for _ in range(4)]
        assert descriptor in [line.fileno() for line in others], "the number was not given again"
        answers = [asyncio.create_task(line.ask("SELECT 7 FROM pg_sleep(0.2)", ())) for line in others]
        await asyncio.sleep(0.05)
        await lost.close()
        async with asyncio.timeout(5):
            assert await asyncio.gather(*answers) == [[(7,)]] * 4
        for line in others:
            await line.close()

    run(lose())


def test_closed_connection_is_not_watched(run: Run, database_url: str) -> None:

    async def close() -> None:
        line = await Database(database_url).connect()
        await line.ask("SELECT 1", ())
        descriptor = line.fileno()
        await line.close()
        assert not asyncio.get_running_loop().remove_reader(descriptor)

    run(close())


def test_every_caller_gets_a_result_while_connections_are_killed(run: Run, database_url: str) -> None:
    """Uvloop reports a broken socket only once."""

    async def ask() -> None:
        name = "asked_while_killed"
        database = Database(f"{database_url}&application_name={name}", silence=60)
        is_over = False

        async def go_on_asking(number: int) -> int:
            answered = 0
            while not is_over:
                with suppress(StorageUnavailable):
                    async with database.session() as session:
                        for value in (number, number + 1):
                            assert await session.read("SELECT %s::int", (value,)) == [(value,)]
                        answered += 1
                await asyncio.sleep(0)
            return answered

        asking = [asyncio.create_task(go_on_asking(1000 * number)) for number in range(25)]
        killer = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        for _ in range(100):
            await killer.execute(_KILL, (name,))
            await asyncio.sleep(0.02)
        is_over = True
        # To connect may take its five seconds, where the server was killed amid it.
        async with asyncio.timeout(15):
            answered = await asyncio.gather(*asking)
        assert min(answered) > 0
        await killer.close()
        await database.close()

    run(ask())


async def _end_backend(line: Line, url: str) -> None:
    other = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await other.execute("SELECT pg_terminate_backend(%s, 5000)", (line.info.backend_pid,))
    await other.close()
