"""A database that answers and stores nothing: its disk is full, or it is read-only."""

import json
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.write_probe import WriteProbe
from core.domain.errors import StorageUnwritable
from entrypoints.bootstrap.migrations import migrate
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import post_all, pushes
from tests.support.conditions import wait_until
from tests.support.servers.servers import temporary_home
from tests.support.servers.service import Service, run_service
from tests.support.servers.small_disk import SmallDisk, small_disk


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """Run a migrated PostgreSQL on a disk that can be filled."""
    with temporary_home() as home, small_disk(home.path) as running:
        migrate(running.database_url)
        yield running


async def test_full_disk_is_reported_once_and_loses_nothing(disk: SmallDisk, redis_url: str) -> None:
    with run_service(disk.database_url, redis_url, "api") as service:
        ready = f"{service.url}/readyz"
        wait_until(lambda: _get(ready).status_code == 200)
        disk.fill()

        assert set((await post_all(service.address, pushes(40))).values()) <= {202, 503}
        wait_until(lambda: _get(ready).status_code == 503, seconds=30)
        readiness = _get(ready).json()
        assert "its disk is full" in json.dumps(readiness)
        assert "crewkit_git_database_writable 0.0" in _metrics(service)

        disk.free()
        wait_until(lambda: _get(ready).status_code == 200, seconds=30)
        assert set((await post_all(service.address, pushes(5))).values()) == {202}
        assert "crewkit_git_database_writable 1.0" in _metrics(service)
        (outage,) = service.log_lines("api", "database_not_writable")
        assert "No space left on device" in outage["error"]
        assert "Free or add space" in outage["reason"]
        assert len(service.log_lines("api", "database_writable")) == 1
        assert len(service.log_lines("api", "group_commit_failed")) <= 1


def _get(url: str) -> httpx.Response:
    return httpx.get(url)


def _metrics(service: Service) -> str:
    return _get(f"{service.url}/metrics").text


async def test_detects_a_read_only_database_and_its_end(database_url: str) -> None:
    """After a failover, the former primary may respond for a while."""
    now = [0.0]
    metrics = MemoryMetrics()
    _set_read_only(database_url, is_read_only=True)
    database = Database(database_url)
    probe = WriteProbe(database, metrics=metrics, monotonic=lambda: now[0])
    try:
        for _ in range(2):
            with pytest.raises(StorageUnwritable, match="it is read-only") as refused:
                await probe.check()
            assert "target_session_attrs=read-write" in refused.value.remedy
        assert metrics.is_writable is False
        _set_read_only(database_url, is_read_only=False)
        # The result is used for five seconds.
        with pytest.raises(StorageUnwritable):
            await probe.check()
        now[0] = 6
        await probe.check()
        assert metrics.is_writable is True
    finally:
        await probe.close()
        await database.close()


async def test_probe_leaves_nothing(database_url: str) -> None:
    """No row, no dead row and no file, since it runs for years."""
    database = Database(database_url)
    now = [0.0]
    probe = WriteProbe(database, monotonic=lambda: now[0])
    await probe.check()
    before = _sizes(database_url)
    for _ in range(20):
        now[0] += 6
        await probe.check()
    assert _sizes(database_url) == before
    await database.close()


def _sizes(url: str) -> tuple[object, ...]:
    with psycopg.connect(url, autocommit=True) as connection:
        (row,) = connection.execute(
            "SELECT pg_relation_size('git_schema_version'), pg_relation_size('pg_class'), "
            "pg_relation_size('pg_attribute'), (SELECT count(*) FROM pg_ls_tmpdir())"
        ).fetchall()
    return tuple(row)


def _set_read_only(url: str, *, is_read_only: bool) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        value = "on" if is_read_only else "off"
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
        # The setting is read by new connections only.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
