"""The limits of the pool, and cancelled tasks."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.session import Session
from core.domain.errors import StorageConflict, StorageUnavailable
from tests.support.conditions import wait_until
from tests.support.servers.pool import ACTIVE_SLEEPS, count_connections, open_database, read_number


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[Session]:
    async with open_database(database_url) as database, database.session() as session:
        yield session


async def test_waits_for_a_connection_for_a_limited_time(database_url: str) -> None:
    async with open_database(database_url, max_connections=1, acquire_timeout_seconds=0.1) as database:
        async with database.session() as session:
            await session.read("SELECT 1")
            with pytest.raises(StorageUnavailable):
                await read_number(database)
        await read_number(database)


async def test_waits_for_a_connection_in_use_if_the_server_accepts_no_more(database_url: str) -> None:
    async with open_database(database_url, max_connections=2) as database:
        async with database.session() as session:
            await session.read("SELECT 1")
            _allow_connections(database_url, is_allowed=False)
            waiting = asyncio.create_task(read_number(database))
            await asyncio.sleep(0.3)
            assert not waiting.done()
        await waiting
        _allow_connections(database_url, is_allowed=True)


async def test_opens_at_most_max_connections_and_reuses_them(database_url: str) -> None:
    async with open_database(database_url, max_connections=2) as database:

        async def backend() -> int:
            async with database.session() as session:
                [(pid,)] = await session.read("SELECT pg_backend_pid()")
                return int(pid)

        assert len(set(await asyncio.gather(*(backend() for _ in range(40))))) <= 2


async def test_sets_time_limits_and_time_zone_on_every_connection(session: Session) -> None:
    names = ("TimeZone", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    settings = [(await session.read(f"SHOW {name}"))[0][0] for name in names]
    assert settings == ["UTC", "8s", "5s", "5s"]


async def test_lock_timeout_is_a_conflict(database_url: str) -> None:
    async with open_database(database_url) as database, database.session() as one, database.session() as two:
        await one.write("SELECT pg_advisory_xact_lock(1)")
        await two.change("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(StorageConflict):
            await two.write("SELECT pg_advisory_xact_lock(1)")


async def test_close_leaves_no_connection(database_url: str) -> None:
    """Connections in use at that time are closed when they are released."""
    database = Database(database_url)
    async with database.session() as session:
        await session.read("SELECT 1")
        await database.close()
    # The server needs a moment to notice.
    await asyncio.to_thread(wait_until, lambda: count_connections(database_url, "true") == 0)


async def test_cancelled_statement_leaves_nothing_on_the_connection(database_url: str) -> None:
    async with open_database(database_url, max_connections=1) as database:

        async def wait_long() -> None:
            async with database.session() as session:
                await session.write("SELECT pg_sleep(60)")

        task = asyncio.create_task(wait_long())
        await asyncio.to_thread(wait_until, lambda: count_connections(database_url, ACTIVE_SLEEPS) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.session() as session:
            assert await session.read("SELECT count(*)::int FROM pg_locks WHERE NOT granted") == [(0,)]


async def test_server_stops_cancelled_statements(database_url: str) -> None:
    """Otherwise clients that disconnect would occupy more connections than allowed."""
    async with open_database(database_url, max_connections=2) as database:

        async def wait_long() -> None:
            async with database.session() as session:
                await session.read("SELECT pg_sleep(60)")

        for _ in range(5):
            tasks = [asyncio.create_task(wait_long()) for _ in range(2)]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert count_connections(database_url, ACTIVE_SLEEPS) <= 2
        await read_number(database, 7)


async def test_next_session_does_not_get_the_rows_of_a_cancelled_one(database_url: str) -> None:
    async with open_database(database_url, max_connections=1) as database:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.session() as session:
                await session.read("SELECT pg_sleep(5)")
        await read_number(database, 7)


async def test_cancelled_waiters_do_not_lose_connections(database_url: str) -> None:
    async with open_database(database_url, max_connections=2) as database:
        for delay in range(40):
            tasks = [asyncio.create_task(read_number(database)) for _ in range(8)]
            await asyncio.sleep(delay / 10_000)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with database.session() as one, database.session() as two:
            assert await one.read("SELECT 1") == await two.read("SELECT 1")


def _allow_connections(url: str, *, is_allowed: bool) -> None:
    parameters = conninfo_to_dict(url)
    name = sql.Identifier(str(parameters["dbname"]))
    with psycopg.connect(make_conninfo("", **(parameters | {"dbname": "postgres"})), autocommit=True) as other:
        other.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, is_allowed))
