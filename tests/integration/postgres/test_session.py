"""The statements of a session."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.connection import server_connection
from adapters.postgres.connection.session import Session
from core.domain.errors import StorageConflict
from tests.support.servers.pool import open_database


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[Session]:
    async with open_database(database_url) as database, database.session() as session:
        yield session


async def test_reads_before_the_first_write_hold_no_transaction(database_url: str) -> None:
    """Otherwise PostgreSQL's limit for idle transactions would apply to them."""
    async with open_database(database_url) as database, database.session() as session:
        await session.read("SELECT 1")
        async with database.session() as other:
            rows = await other.read(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name = 'crewkit-git'"
            )
        assert rows == [("idle",)]


async def test_parameters_by_position_and_by_name(session: Session) -> None:
    assert await session.read("SELECT %s::int + 1, %s::text", (41, "é")) == [(42, "é")]
    by_name = "SELECT %(a)s::int, %(b)s::text, %(a)s::int, 'x%%'"
    assert await session.read(by_name, {"a": 1, "b": None}) == [(1, None, 1, "x%")]
    assert await session.read("SELECT 'x%%' WHERE true") == [("x%",)]
    assert await session.read("SELECT 1 WHERE false") == []


async def test_prepares_a_statement_once_for_each_type_of_parameter(session: Session) -> None:
    """The driver sends small and large numbers as different types."""
    for value in (1, 2, 3, 2**40, 2**40 + 1):
        assert await session.read("SELECT %s", (value,)) == [(value,)]
    prepared = await session.read("SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT $1'")
    assert len(prepared) == 2


async def test_limits_the_number_of_prepared_statements(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_connection, "_MAX_PREPARED", 3)
    async with open_database(database_url) as database, database.session() as session:
        for number in [*range(6), *range(6)]:
            assert await session.read(f"SELECT {number}") == [(number,)]
        assert len(await session.read("SELECT FROM pg_prepared_statements")) <= 4


async def test_failed_statement_does_not_affect_the_next_one(session: Session) -> None:
    """Whether the server rejects the statement when it is prepared or when it runs."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        await session.read("SELECT * FROM nowhere")
    assert await session.read("SELECT 4 / %s", (1,)) == [(4,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        await session.read("SELECT 4 / %s", (0,))
    assert await session.read("SELECT 4 / %s", (2,)) == [(2,)]


async def test_parameters_and_rows_can_be_larger_than_the_socket_buffer(session: Session) -> None:
    text = "x" * 20_000_000
    [(length, same)] = await session.read("SELECT length(%s), %s", (text, text))
    assert length == len(same) == len(text)


async def test_connection_is_usable_after_each_way_to_end_a_transaction(database_url: str) -> None:
    """Released without a commit, failed and caught, and committed with a last statement."""
    async with open_database(database_url, max_connections=1) as database:
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


async def test_failed_last_statement_prevents_the_commit(database_url: str) -> None:
    async with open_database(database_url, max_connections=1) as database:
        async with database.session() as session:
            await session.change("CREATE TABLE t ()")
            with pytest.raises(psycopg.errors.DivisionByZero):
                await session.commit(("SELECT 1", ()), ("SELECT 1 / %s", (0,)))
        async with database.session() as session:
            assert await session.read("SELECT to_regclass('t')::text") == [(None,)]


async def test_write_at_once_commits_and_rejects_an_open_transaction(database_url: str) -> None:
    async with open_database(database_url) as database, database.session() as session:
        await session.write_and_commit("SELECT set_config('application_name', 'at-once', false)")
        await session.write("SELECT 1")
        with pytest.raises(RuntimeError):
            await session.write_and_commit("SELECT 1")
        await session.roll_back()
        assert await session.read("SHOW application_name") == [("at-once",)]
