"""The pool: how it meets silence, loss and crowding."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from adapters.postgres.connection.database import Database
from core.domain.errors import StorageConflict, StorageUnavailable
from tests.support.conditions import wait_until


@asynccontextmanager
async def opened(
    url: str, *, connections: int = 4, patience: float = 5.0, silence: float = 10.0
) -> AsyncIterator[Database]:
    """Open a pool for the length of the block."""
    database = Database(url, connections=connections, patience=patience, silence=silence)
    try:
        yield database
    finally:
        await database.close()


async def test_replaces_lost_idle_connections(database_url: str) -> None:
    """The next caller gets a new connection without an error."""
    async with opened(database_url) as database:
        async with database.session() as one, database.session() as two, database.session() as three:
            for session in (one, two, three):
                await session.read("SELECT 1")
        _end_connections(database_url)
        for _ in range(3):
            async with database.session() as session:
                assert await session.read("SELECT 1") == [(1,)]


async def test_reports_a_connection_lost_in_use(database_url: str) -> None:
    """The caller gets a retryable error, and the next call works."""
    async with opened(database_url) as database:
        async with database.session() as session:
            await session.write("SELECT 1")
            _end_connections(database_url)
            with pytest.raises(StorageUnavailable) as refusal:
                await session.write("SELECT 1")
            assert refusal.value.retry_after
        async with database.session() as session:
            assert await session.read("SELECT 1") == [(1,)]


async def test_missing_server_is_an_outage() -> None:
    async with opened("postgresql://nobody@/nothing?host=/nonexistent") as database:
        with pytest.raises(StorageUnavailable):
            async with database.session():
                pass


async def test_silent_server_at_connect_is_an_outage() -> None:
    """The connection attempt has a time limit."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"postgresql://nobody@127.0.0.1:{port}/nothing?connect_timeout=2&sslmode=disable"
        async with opened(url) as database:
            with pytest.raises(StorageUnavailable):
                async with database.session():
                    pass


async def test_silent_server_in_a_statement_is_an_outage(database_url: str) -> None:
    """The statement ends in limited time, and its connection with it."""
    async with opened(database_url, connections=1, silence=0.2) as database:
        async with database.session() as session:
            with pytest.raises(StorageUnavailable):
                await session.read("SELECT pg_sleep(60)")
        async with database.session() as session:
            assert await session.read("SELECT 1") == [(1,)]


async def test_callers_wait_for_a_connection_and_time_out(database_url: str) -> None:
    """With a retryable error."""
    async with opened(database_url, connections=1, patience=0.1) as database:
        async with database.session() as session:
            await session.read("SELECT 1")
            with pytest.raises(StorageUnavailable):
                async with database.session():
                    pass
        async with database.session() as session:
            assert await session.read("SELECT 1") == [(1,)]


async def test_limits_and_reuses_connections(database_url: str) -> None:
    async with opened(database_url, connections=2) as database:

        async def backend() -> int:
            async with database.session() as session:
                [(pid,)] = await session.read("SELECT pg_backend_pid()")
                return int(pid)

        assert len(set(await asyncio.gather(*(backend() for _ in range(40))))) <= 2


async def test_cancelled_statement_does_not_affect_the_next(database_url: str) -> None:
    """On the same connection."""
    async with opened(database_url, connections=1) as database:

        async def wait_long() -> None:
            async with database.session() as session:
                await session.write("SELECT pg_sleep(60)")

        task = asyncio.create_task(wait_long())
        sleeping = "query LIKE '%pg_sleep%' AND state = 'active'"
        await asyncio.to_thread(wait_until, lambda: _count(database_url, sleeping) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.session() as session:
            assert await session.read("SELECT count(*)::int FROM pg_locks WHERE NOT granted") == [(0,)]


async def test_cancelled_caller_releases_its_connection(database_url: str) -> None:
    """The server stops abandoned statements, so the limit holds for any number of callers."""
    async with opened(database_url, connections=2) as database:

        async def wait_long() -> None:
            async with database.session() as session:
                await session.read("SELECT pg_sleep(60)")

        for _ in range(5):
            impatient = [asyncio.create_task(wait_long()) for _ in range(2)]
            await asyncio.sleep(0.1)
            for task in impatient:
                task.cancel()
            await asyncio.gather(*impatient, return_exceptions=True)
        sleeping = "query LIKE '%pg_sleep(60)%' AND state = 'active' AND application_name = 'crewkit-git'"
        assert _count(database_url, sleeping) <= 2
        async with database.session() as session:
            assert await session.read("SELECT 7") == [(7,)]


async def test_reads_before_the_first_write_open_no_transaction(database_url: str) -> None:
    """The server's time limit for idle transactions would run."""
    async with opened(database_url) as database, database.session() as session:
        await session.read("SELECT 1")
        async with database.session() as other:
            rows = await other.read(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name = 'crewkit-git'"
            )
        assert rows == [("idle",)]


async def test_lock_timeout_is_a_conflict(database_url: str) -> None:
    """A retry may succeed."""
    async with opened(database_url) as database, database.session() as one, database.session() as two:
        await one.write("SELECT pg_advisory_xact_lock(1)")
        await two.change("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(StorageConflict):
            await two.write("SELECT pg_advisory_xact_lock(1)")


async def test_every_connection_has_limits(database_url: str) -> None:
    """Time limits for statements and idle transactions, and times in UTC."""
    names = ("TimeZone", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    async with opened(database_url) as database, database.session() as session:
        settings = [(await session.read(f"SHOW {name}"))[0][0] for name in names]
    assert settings == ["UTC", "8s", "5s", "5s"]


async def test_closed_pool_leaves_no_connection(database_url: str) -> None:
    """Connections in use are closed when they are released."""
    database = Database(database_url)
    async with database.session() as session:
        await session.read("SELECT 1")
        await database.close()
    # A server takes a moment to notice that a client has gone.
    await asyncio.to_thread(wait_until, lambda: _count(database_url, "true") == 0)


def _end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _count(url: str, condition: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        ).fetchone()
    assert row is not None
    return int(row[0])
