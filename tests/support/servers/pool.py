"""Short ways to use the pool of connections, and to look at it from the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from adapters.postgres.connection.database import Database

ACTIVE_SLEEPS = "query LIKE '%pg_sleep(60)%' AND state = 'active' AND application_name = 'crewkit-git'"


@asynccontextmanager
async def open_database(
    url: str, *, max_connections: int = 4, acquire_timeout_seconds: float = 5.0, timeout_seconds: float = 10.0
) -> AsyncIterator[Database]:
    database = Database(
        url,
        max_connections=max_connections,
        acquire_timeout_seconds=acquire_timeout_seconds,
        timeout_seconds=timeout_seconds,
    )
    try:
        yield database
    finally:
        await database.close()


async def read_number(database: Database, number: int = 1) -> None:
    async with database.session() as session:
        assert await session.read("SELECT %s::int", (number,)) == [(number,)]


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def count_connections(url: str, condition: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        ).fetchone()
    assert row is not None
    return int(row[0])
