"""The schema: made by the migrations, in plain SQL for review, and the same as `adapters.postgres.tables`."""

import asyncio
import threading

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.connection.database import Database
from adapters.postgres.migrate import RevisionUnknown, current, differences, downgrade, migrate, newest, sql
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.postgres.tables import metadata
from core.domain.deliveries.delivery import Receipt
from core.domain.errors import StorageUnavailable
from entrypoints.cli.migrate import migrate as command
from testing.builders.entities import build_delivery
from testing.memory.metrics import MemoryMetrics

_CREWKITS = ("organizations", "users", "memberships", "projects")
_CATALOG = """
    SELECT 'column', table_name::text, column_name::text,
        concat_ws(' ', data_type, udt_name, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index', tablename::text, indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'options', relname::text, '', reloptions::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


def test_migrates_up_down_and_up(empty_url: str) -> None:
    assert current(empty_url) is None
    migrate(empty_url)
    assert current(empty_url) == newest()
    made = _catalog(empty_url)
    downgrade(empty_url, "base")
    assert current(empty_url) is None
    assert _tables(empty_url) == {*_CREWKITS, "git_schema_version"}
    migrate(empty_url)
    assert _catalog(empty_url) == made


async def test_database_without_tables_is_unavailable_until_migrated(empty_url: str) -> None:
    """Readiness and webhooks report 503, so GitHub delivers again; nothing else fails."""
    database, log = Database(empty_url), PostgresDeliveryLog(empty_url, metrics=MemoryMetrics())
    try:
        with pytest.raises(StorageUnavailable):
            await database.check_tables()
        with pytest.raises(StorageUnavailable):
            await log.append(build_delivery())
        await asyncio.to_thread(migrate, empty_url)
        await database.check_tables()
        assert await log.append(build_delivery()) is Receipt.ACCEPTED
    finally:
        await log.close()
        await database.close()


def test_each_step_is_reversible(empty_url: str) -> None:
    for revision in (f"{number:04}" for number in range(1, int(newest()) + 1)):
        migrate(empty_url, revision)
        made = _catalog(empty_url)
        downgrade(empty_url, "-1")
        migrate(empty_url, revision)
        assert _catalog(empty_url) == made


def test_migrations_match_the_tables(database_url: str) -> None:
    assert differences(database_url) == []


def test_migrations_create_exactly_the_tables(database_url: str, empty_url: str) -> None:
    """Including predicates of indexes and names of constraints."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(empty_url), poolclass=NullPool)
    metadata.create_all(engine)
    migrated = {row for row in _catalog(database_url) if row[1] != "git_schema_version"}
    assert migrated == _catalog(empty_url)


def test_downgrade_keeps_rows_of_crewkit(database_url: str) -> None:
    """Organizations, users, memberships and projects."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            INSERT INTO organizations (external_id, name) VALUES (gen_random_uuid(), 'Acme');
            INSERT INTO users (external_id, email) VALUES (gen_random_uuid(), 'mara@acme.example');
            INSERT INTO memberships (user_id, organization_id, role)
                SELECT users.id, organizations.id, 'owner' FROM users, organizations;
            INSERT INTO projects (external_id, organization_id, name)
                SELECT gen_random_uuid(), id, 'Rocket' FROM organizations;
            INSERT INTO git_integrations (organization_id, provider, provider_id, external_id)
                SELECT id, 'github', '1', gen_random_uuid() FROM organizations
            """
        )
    before = _crewkits(database_url)
    downgrade(database_url, "base")
    assert _crewkits(database_url) == before
    migrate(database_url)
    assert _crewkits(database_url) == before


def test_uses_existing_tables_of_crewkit(empty_url: str) -> None:
    """If crewkit created larger tables, upgrade and downgrade leave them unchanged."""
    with psycopg.connect(empty_url) as connection:
        connection.execute(
            """
            CREATE TABLE organizations (
                id bigserial PRIMARY KEY, external_id uuid NOT NULL UNIQUE, name text, plan text,
                created_at timestamp, updated_at timestamp
            );
            CREATE TABLE alembic_version (version_num text)
            """
        )
    before = {row for row in _catalog(empty_url) if row[1] == "organizations"}
    migrate(empty_url)
    downgrade(empty_url, "base")
    assert before <= _catalog(empty_url)
    assert "alembic_version" in _tables(empty_url)


def test_concurrent_migrations_wait_for_each_other(empty_url: str) -> None:
    """The second process has nothing left to do."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current(empty_url) == newest()


def test_printed_sql_equals_the_migration(database_url: str, empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        # Statement by statement, as psql runs a file: some run outside a transaction only.
        for statement in sql().split(";\n\n"):
            connection.execute(statement.encode())
    assert _catalog(empty_url) == _catalog(database_url)


def test_payloads_are_stored_external(database_url: str) -> None:
    """PostgreSQL does not compress them again."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT attstorage FROM pg_attribute"
            " WHERE attrelid = 'git_webhook_events'::regclass AND attname = 'payload'"
        ).fetchone()
    assert row == ("e",)


def test_names_an_unknown_revision(database_url: str) -> None:
    """Nothing changes."""
    with pytest.raises(RevisionUnknown, match="nowhere"):
        downgrade(database_url, "nowhere")
    assert current(database_url) == newest()


def test_keeps_a_newer_schema(empty_url: str) -> None:
    """After a rollback, `migrate` of the older version succeeds and changes nothing."""
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("UPDATE git_schema_version SET version_num = '9000'")
    environment = {"CREWKIT_GIT_DATABASE_URL": empty_url, "CREWKIT_GIT_ENVIRONMENT": "development"}
    for arguments in ([], ["--check"]):
        result = CliRunner().invoke(command, arguments, env=environment)
        assert result.exit_code == 0
        assert "The database is at revision 9000, which is newer than this version" in result.output
    assert current(empty_url) == "9000"


def test_names_a_revision_that_it_cannot_interpret(empty_url: str) -> None:
    """A revision that is not a number belongs to another program."""
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("UPDATE git_schema_version SET version_num = 'foreign'")
    with pytest.raises(RevisionUnknown, match="a revision that this version does not know"):
        migrate(empty_url)


def test_reports_an_unreachable_database() -> None:
    with pytest.raises(StorageUnavailable):
        migrate("postgresql://nobody@/nothing?host=/nonexistent")


def _catalog(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(_CATALOG).fetchall())


def _tables(url: str) -> set[str]:
    return {table for kind, table, *_ in _catalog(url) if kind == "column"}


def _crewkits(url: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        return [connection.execute(f"TABLE {table}").fetchall() for table in _CREWKITS]
