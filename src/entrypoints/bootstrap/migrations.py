"""The schema's migrations, for the command line, `make run` and tests, which know no adapter."""

from collections.abc import Callable, Sequence

from adapters.postgres import migrate as postgres
from adapters.postgres.migrate import Migration

__all__ = ["Migration", "downgrade", "list_pending", "migrate", "newer_revision", "newest", "revisions", "sql"]


def migrate(database_url: str, *, on_applied: Callable[[Migration], None] = lambda _: None) -> None:
    """Migrate the database to the newest revision."""
    postgres.migrate(database_url, on_applied=on_applied)


def downgrade(database_url: str, revision: str, *, on_reverted: Callable[[Migration], None] = lambda _: None) -> str:
    """Downgrade the database to a revision (`base`: without this service's tables), and return that revision.

    The tables of crewkit are kept.
    """
    postgres.downgrade(database_url, revision, on_reverted=on_reverted)
    return postgres.current(database_url) or "base"


def list_pending(database_url: str) -> Sequence[Migration]:
    """Return the migrations that the database lacks, oldest first."""
    return postgres.list_pending(database_url)


def newest() -> str:
    """Return the newest revision that this version knows."""
    return postgres.newest()


def newer_revision(database_url: str) -> str | None:
    """Return the database's revision if a newer version of the service created it, else None."""
    revision = postgres.current(database_url)
    return revision if postgres.is_newer(revision) else None


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return postgres.revisions()


def sql() -> str:
    """Return all migrations as plain SQL, for review."""
    return postgres.sql()
