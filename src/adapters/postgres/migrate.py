"""Migrate a database: the revisions in `migrations/versions`, in order, under one lock."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.migration import MigrationInfo
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from adapters.postgres.connection.errors import unreachable
from adapters.postgres.connection.locks import CLASS, MIGRATIONS
from adapters.postgres.connection.server_connection import BACKEND_PID
from adapters.postgres.tables import metadata
from core.domain.errors import DomainError, ErrorKind, StorageConflict, StorageUnavailable

MIGRATION_URL = "the URL for migrations"
"""What remedies call the setting with the URL of a direct connection."""

_VERSIONS = "git_schema_version"  # crewkit's database may hold another program's `alembic_version`
_WAIT_FOR_OTHERS_SECONDS = 60.0
_LOCK_POLL_SECONDS = 0.2
_WAIT_FOR_TABLE = "5s"  # a migration that waits longer stops all traffic behind it
_ONE_STATEMENT = "10min"


class RevisionUnknown(DomainError):
    """There is no such revision below the one the database is at."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "revision_unknown"


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration: its revision, and in one sentence what it does."""

    revision: str
    title: str


def _ignore(_migration: Migration) -> None:
    pass


def migrate(database_url: str, revision: str = "head", *, on_applied: Callable[[Migration], None] = _ignore) -> None:
    """Migrate the database to a revision, by default the newest. Does nothing if it has that revision.

    Calls `on_applied` after each migration. Concurrent calls wait for each other. Each migration is one
    transaction, so a failed one changes nothing.
    A database of a newer version is not changed: older versions work with it (docs/upgrades.md), and a rollback
    on Kubernetes runs the older version's `migrate`. Raises `StorageUnavailable` if the database does not respond,
    and `StorageConflict` if another session holds the lock or a table.
    """
    with _open_locked_connection(database_url) as connection:
        if revision == "head" and is_newer(_revision(connection)):
            return
        connection.commit()  # Alembic's transactions must not be nested in the transaction that read the revision.
        try:
            command.upgrade(_config(connection, on_step=on_applied), revision)
        except CommandError as error:
            raise RevisionUnknown(
                "The database is at a revision that this version does not know. Run `migrate` of the version "
                f"that created it, or restore a backup. ({error})"
            ) from error


def downgrade(database_url: str, revision: str, *, on_reverted: Callable[[Migration], None] = _ignore) -> None:
    """Downgrade the database to a revision. `base` removes all tables of this service, but not crewkit's.

    Calls `on_reverted` after each migration. Raises as `migrate` does, and `RevisionUnknown`.
    """
    with _open_locked_connection(database_url) as connection:
        try:
            command.downgrade(_config(connection, on_step=on_reverted), revision)
        except CommandError as error:
            raise RevisionUnknown(str(error)) from error


def list_pending(database_url: str) -> Sequence[Migration]:
    """Return the migrations that the database lacks, oldest first; raises `RevisionUnknown`."""
    reached = current(database_url)
    migrations = [
        Migration(script.revision, _title(script.doc))
        for script in ScriptDirectory.from_config(_config()).walk_revisions()
    ][::-1]
    if reached is None:
        return migrations
    known = [migration.revision for migration in migrations]
    if reached not in known:
        raise RevisionUnknown(
            f"The database is at revision {reached}, which this version does not know. "
            "Update crewkit-git to the version that created it."
        )
    return migrations[known.index(reached) + 1 :]


def current(database_url: str) -> str | None:
    """Return the revision of the database, or None if it was never migrated."""
    with _open_connection(database_url) as connection:
        return _revision(connection)


def newest() -> str:
    """Return the revision that this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # there are migrations
    return head


def is_newer(revision: str | None) -> bool:
    """Return whether a newer version of the service migrated to this revision; revisions are numbered."""
    return revision is not None and revision.isdecimal() and int(revision) > int(newest())


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def sql() -> str:
    """Return all migrations as plain SQL, for review."""
    written = io.StringIO()
    command.upgrade(_config(output=written), "head", sql=True)
    return written.getvalue()


def differences(database_url: str) -> list[str]:
    """Return the differences between the database and `tables`."""
    with _open_connection(database_url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": _VERSIONS,
                "compare_server_default": True,
                # The database may contain other tables of crewkit.
                "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            },
        )
        return [str(difference) for difference in compare_metadata(context, metadata)]


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": _VERSIONS})
    return context.get_current_revision()


def _config(
    connection: Connection | None = None,
    output: io.StringIO | None = None,
    on_step: Callable[[Migration], None] = _ignore,
) -> Config:
    def report(*, step: MigrationInfo, **_: object) -> None:
        # For a downgrade, this is the revision that is removed.
        if isinstance(script := step.up_revision, Script):
            on_step(Migration(script.revision, _title(script.doc)))

    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes.update(connection=connection, version_table=_VERSIONS, on_version_apply=(report,))
    return config


def _title(doc: str | None) -> str:
    return (doc or "").partition("\n")[0]


@contextmanager
def _open_locked_connection(database_url: str) -> Iterator[Connection]:
    with _open_connection(database_url) as connection:
        _refuse_pooler(connection)
        try:
            connection.execute(text(f"SET statement_timeout = '{_ONE_STATEMENT}'"))
            connection.execute(text(f"SET lock_timeout = '{_WAIT_FOR_TABLE}'"))
            connection.commit()
            _lock(connection)
            yield connection
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise StorageConflict("Other sessions hold locks that this migration needs. Try again.") from error
            raise


def _refuse_pooler(connection: Connection) -> None:
    """Raise `StorageUnavailable` if a pooler is between: the lock and settings here are the session's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    if connection.scalar(text(BACKEND_PID)) != driver.pgconn.backend_pid:
        raise StorageUnavailable(
            "The database is behind a connection pooler. Migrations need a direct connection.",
            remedy=f"Set {MIGRATION_URL} to the address of PostgreSQL itself.",
        )
    connection.commit()


def _lock(connection: Connection) -> None:
    """Acquire the lock for this session, since each migration commits by itself; raises `StorageConflict`.

    It polls instead of waiting inside a statement. CREATE INDEX CONCURRENTLY waits for all running statements, so a
    statement that waits for the lock of that migration would deadlock with it.
    """
    deadline = monotonic() + _WAIT_FOR_OTHERS_SECONDS
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:class, :key)"), {"class": CLASS, "key": MIGRATIONS}):
        connection.commit()
        if monotonic() > deadline:
            raise StorageConflict("Another process is migrating this database. Try again after it has finished.")
        sleep(_LOCK_POLL_SECONDS)
    connection.commit()


@contextmanager
def _open_connection(database_url: str) -> Iterator[Connection]:
    # libpq parses the URL: it supports sockets, services and password files, which SQLAlchemy does not.
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(database_url, connect_timeout=5, client_encoding="UTF8"),
        poolclass=NullPool,
    )
    try:
        connection = engine.connect()
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.OperationalError):
            raise
        raise unreachable(error.orig) from error.orig
    with connection:
        yield connection
