"""Everything works through a connection pooler in transaction mode, and leaves nothing in its sessions."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.inspection import Inspection, PoolerState
from adapters.postgres.connection.locks import PostgresExclusion
from adapters.postgres.connection.write_probe import WriteProbe
from core.domain.errors import StorageUnavailable
from entrypoints.bootstrap.migrations import migrate
from tests.support.builders.deliveries import post_all, pushes
from tests.support.conditions import wait_until
from tests.support.fakes.pooler import transaction_pooler
from tests.support.scenarios.event_store import open_events
from tests.support.servers.service import run_service


@pytest.fixture
def pooled_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a pooler in front of the test's database."""
    with transaction_pooler(database_url, tmp_path) as url:
        yield url


async def test_sessions_behind_a_pooler_keep_nothing(pooled_url: str) -> None:
    database = Database(pooled_url, max_connections=4)

    async def use(number: int) -> None:
        for _ in range(10):
            async with database.session() as session:
                assert session.connection.is_pooled
                assert await session.read("SELECT %s::int", (number,)) == [(number,)]
                await session.write("SELECT set_config('work_mem', '64kB', true)")
                assert await session.read("SHOW statement_timeout") == [("8s",)]
                await session.commit(("SELECT %s::int", (number,)), ("SELECT %s::text", ("x",)))

    await asyncio.gather(*map(use, range(8)))
    await WriteProbe(database).check()
    await database.close()
    with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as connection:
        for _ in range(8):
            assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
            assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


async def test_without_a_pooler_sessions_are_set_up_once(database_url: str) -> None:
    database = Database(database_url)
    async with database.session() as session:
        assert not session.connection.is_pooled
        assert await session.read("SHOW statement_timeout") == [("8s",)]
        assert await session.read("SHOW random_page_cost") == [("1.1",)]
    await database.close()


async def test_one_process_at_a_time_holds_a_lock(pooled_url: str, database_url: str) -> None:
    """Also against a process that connects without the pooler."""
    pooled, direct = Database(pooled_url), Database(database_url)
    async with PostgresExclusion(pooled).hold("work") as first:
        async with PostgresExclusion(pooled).hold("work") as second:
            assert (first, second) == (True, False)
        async with PostgresExclusion(direct).hold("work") as third:
            assert third is False
    async with PostgresExclusion(direct).hold("work") as later:
        assert later is True
    await pooled.close()
    await direct.close()


async def test_stores_and_processes_deliveries_through_a_pooler(
    pooled_url: str, database_url: str, redis_url: str
) -> None:
    with open_events(database_url) as event_store:
        event_store.connect_installation()
        with run_service(pooled_url, redis_url, "api", "grpc", "worker", "scheduler") as service:
            answers = await post_all(service.address, pushes(60))
            assert set(answers.values()) == {202}
            wait_until(lambda: event_store.statuses() == {"processed": 60}, seconds=60)
            wait_until(lambda: bool(service.log_lines("scheduler", "scheduler_started")))
            for name in ("api", "worker", "scheduler"):
                assert not [line for line in service.log(name) if line["level"] == "error"]


def test_rejects_migrations_through_a_pooler_with_a_remedy(pooled_url: str) -> None:
    with pytest.raises(StorageUnavailable, match="behind a connection pooler") as refused:
        migrate(pooled_url)
    assert "CREWKIT_GIT_MIGRATION_DATABASE_URL" in refused.value.remedy


async def test_doctor_reports_the_pooler(pooled_url: str, database_url: str) -> None:
    pooled, direct = Database(pooled_url), Database(database_url)
    assert await Inspection(pooled).find_pooler() == PoolerState(has_statement_timeout=False)
    assert await Inspection(direct).find_pooler() is None
    await pooled.close()
    await direct.close()
