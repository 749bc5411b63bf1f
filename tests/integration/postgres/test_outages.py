"""The pool during an outage: a server that is gone, silent or slow."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import uvloop
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from core.domain.errors import StorageUnavailable
from tests.support.servers.pool import ACTIVE_SLEEPS, count_connections, end_connections, open_database, read_number
from tests.support.servers.stoppable_servers import Breakable, breakable_postgres

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Breakable]:
    """Run a PostgreSQL that a test can stop or freeze."""
    with breakable_postgres() as server:
        yield server


async def test_replaces_connections_that_the_server_closed_while_idle(database_url: str) -> None:
    """No request fails, and none waits for the retry delay of psycopg's pool, which is a second."""
    async with open_database(database_url) as database:
        async with database.session() as one, database.session() as two, database.session() as three:
            for session in (one, two, three):
                await session.read("SELECT 1")
        end_connections(database_url)
        start = time.monotonic()
        for _ in range(3):
            await read_number(database)
        assert time.monotonic() - start < 0.9


async def test_connection_lost_during_a_transaction_is_unavailable(database_url: str) -> None:
    async with open_database(database_url) as database:
        async with database.session() as session:
            await session.write("SELECT 1")
            end_connections(database_url)
            with pytest.raises(StorageUnavailable) as refusal:
                await session.write("SELECT 1")
            assert refusal.value.retry_after
        await read_number(database)


async def test_missing_server_is_unavailable() -> None:
    async with open_database("postgresql://nobody@/nothing?host=/nonexistent") as database:
        with pytest.raises(StorageUnavailable):
            await read_number(database)
        with pytest.raises(StorageUnavailable):
            async with database.open_session():
                pass


async def test_server_that_accepts_and_never_responds_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"postgresql://nobody@127.0.0.1:{port}/nothing?connect_timeout=2&sslmode=disable"
        async with open_database(url, acquire_timeout_seconds=1) as database:
            with pytest.raises(StorageUnavailable):
                await read_number(database)


async def test_outage_fails_at_once_and_ends_with_the_outage(postgres: Breakable) -> None:
    """All waiting requests fail with the reason, not after the time limit, and the log has two lines."""
    async with open_database(postgres.url, max_connections=3) as database:
        with capture_logs() as log:
            # The pool is complete before the outage. An attempt to connect that the server accepted just before
            # its end would otherwise be logged as the end of the outage.
            async with database.session() as one, database.session() as two, database.session() as three:
                for session in (one, two, three):
                    await session.read("SELECT 1")
            postgres.stop()
            for _ in range(3):
                start = time.monotonic()
                results = await asyncio.gather(*(read_number(database) for _ in range(20)), return_exceptions=True)
                assert {type(result) for result in results} == {StorageUnavailable}
                assert time.monotonic() - start < 2
            postgres.start()
            start = time.monotonic()
            await asyncio.gather(*(read_number(database) for _ in range(20)))
            assert time.monotonic() - start < 2
        events = [line["event"] for line in log if line["event"].startswith("database_")]
    assert events == ["database_unavailable", "database_available"]
    assert "Start PostgreSQL" in log[0]["reason"]


async def test_outage_reports_the_reason_of_the_server(database_url: str) -> None:
    parameters = conninfo_to_dict(database_url) | {"dbname": "nonexistent"}
    async with open_database(make_conninfo("", **parameters)) as database:
        with pytest.raises(StorageUnavailable, match="does not exist") as refusal:
            await read_number(database)
        assert "Create the database" in refusal.value.remedy
        assert "nonexistent" in str(refusal.value.__cause__)


async def test_silent_server_ends_a_statement_in_bounded_time(postgres: Breakable) -> None:
    """The driver asks the silent server to cancel the statement, and does not wait for that either."""
    async with open_database(postgres.url, timeout_seconds=1, acquire_timeout_seconds=1) as database:
        async with database.session() as session:
            await session.write("SELECT 1")
            await asyncio.to_thread(postgres.freeze)
            try:
                start = time.monotonic()
                with pytest.raises(StorageUnavailable):
                    await session.read("SELECT 1")
                assert time.monotonic() - start < 3
                with pytest.raises(StorageUnavailable):
                    await read_number(database)
                assert time.monotonic() - start < 5
            finally:
                postgres.thaw()
        start = time.monotonic()
        await read_number(database)
        assert time.monotonic() - start < 5


async def test_silent_server_does_not_delay_cancellation(postgres: Breakable) -> None:
    async with open_database(postgres.url) as database:
        async with database.session() as session:
            await session.write("SELECT 1")
            await asyncio.to_thread(postgres.freeze)
            try:
                start = time.monotonic()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await session.read("SELECT 1")
                assert time.monotonic() - start < 3
            finally:
                postgres.thaw()
        await read_number(database)


async def test_slow_statement_ends_after_the_time_limit(database_url: str) -> None:
    async with open_database(database_url, max_connections=1, timeout_seconds=0.2) as database:
        async with database.session() as session:
            with pytest.raises(StorageUnavailable):
                await session.read("SELECT pg_sleep(60)")
        await read_number(database)
        assert count_connections(database_url, ACTIVE_SLEEPS) == 0


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def test_requests_continue_while_connections_are_killed(run: Run, database_url: str) -> None:
    """Each request gets its own rows or an error, on the event loop of the processes and on Python's."""
    run(_read_while_connections_are_killed(database_url))


async def _read_while_connections_are_killed(database_url: str) -> None:
    name = "killed_while_reading"
    has_ended = False
    async with open_database(f"{database_url}&application_name={name}", timeout_seconds=60) as database:

        async def read_repeatedly(number: int) -> int:
            count = 0
            while not has_ended:
                with suppress(StorageUnavailable):
                    async with database.session() as session:
                        for value in (number, number + 1):
                            assert await session.read("SELECT %s::int", (value,)) == [(value,)]
                        count += 1
                await asyncio.sleep(0)
            return count

        readers = [asyncio.create_task(read_repeatedly(1000 * number)) for number in range(25)]
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
            for _ in range(100):
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (name,)
                )
                await asyncio.sleep(0.02)
        has_ended = True
        async with asyncio.timeout(15):
            counts = await asyncio.gather(*readers)
    assert min(counts) > 0
