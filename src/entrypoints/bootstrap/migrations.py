"""The schema's migrations, for the command line, `up` and tests, which know no adapter."""

from adapters.postgres import migrate as postgres


def migrate(database_url: str) -> None:
    """Bring the database to the newest revision; does nothing where it is there already."""
    postgres.migrate(database_url)


def downgrade(database_url: str, revision: str) -> str:
    """Bring the database down to a revision (`base`: nothing of ours) and return which one that is.

    crewkit's own tables always stay.
    """
    postgres.downgrade(database_url, revision)
    return postgres.current(database_url) or "base"


def newer_revision(database_url: str) -> str | None:
    """Return the database's revision if a newer version of the service created it, else None."""
    revision = postgres.current(database_url)
    return revision if postgres.is_newer(revision) else None


def is_current(database_url: str) -> bool:
    """Return whether the database is at the newest revision that this version knows."""
    return postgres.current(database_url) == postgres.newest()


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return postgres.revisions()


def sql() -> str:
    """Return all migrations as plain SQL, for review."""
    return postgres.sql()
