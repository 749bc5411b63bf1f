"""The schema's migrations, for the command line, `make run` and tests, which know no adapter."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from adapters.postgres import migrate as postgres
from adapters.postgres.connection.errors import name_setting
from adapters.postgres.migrate import MIGRATION_URL, Migration
from core.domain.errors import StorageUnavailable
from entrypoints.settings.setting import PREFIX

__all__ = ["Migration", "downgrade", "list_pending", "migrate", "newer_revision", "newest", "revisions", "sql"]


def migrate(database_url: str, *, on_applied: Callable[[Migration], None] = lambda _: None) -> None:
    """Migrate the database to the newest revision."""
    with _name_settings():
        postgres.migrate(database_url, on_applied=on_applied)


def downgrade(database_url: str, revision: str, *, on_reverted: Callable[[Migration], None] = lambda _: None) -> str:
    """Downgrade the database to a revision (`base`: without this service's tables), and return that revision.

    The tables of crewkit are kept.
    """
    with _name_settings():
        postgres.downgrade(database_url, revision, on_reverted=on_reverted)
        return postgres.current(database_url) or "base"


def list_pending(database_url: str) -> Sequence[Migration]:
    """Return the migrations that the database lacks, oldest first."""
    with _name_settings():
        return postgres.list_pending(database_url)


def newest() -> str:
    """Return the newest revision that this version knows."""
    return postgres.newest()


def newer_revision(database_url: str) -> str | None:
    """Return the database's revision if a newer version of the service created it, else None."""
    with _name_settings():
        revision = postgres.current(database_url)
    return revision if postgres.is_newer(revision) else None


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return postgres.revisions()


def sql() -> str:
    """Return all migrations as plain SQL, for review."""
    return postgres.sql()


@contextmanager
def _name_settings() -> Iterator[None]:
    """Name the settings with the URLs in remedies."""
    try:
        yield
    except StorageUnavailable as error:
        error.remedy = error.remedy.replace(MIGRATION_URL, f"{PREFIX}MIGRATION_DATABASE_URL")
        name_setting(error, f"{PREFIX}DATABASE_URL")
        raise
