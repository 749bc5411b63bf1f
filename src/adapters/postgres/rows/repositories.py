"""Catalog rows as they come from the database."""

from psycopg.sql import SQL

from adapters.postgres.connection.line import Row
from core.domain.catalog.repository import Repository

COLUMNS = SQL("""
    r.git_integration_id, r.repo_id, r.full_name, r.url, r.private, r.archived, r.fork, r.default_branch,
    r.description, r.language, r.pushed_at, r.provider_updated_at, r.removed_at, r.visibility, r.topics
""")


def repository(row: Row) -> Repository:
    """Return what a row of `COLUMNS` says."""
    *values, topics = row
    values.append(None if topics is None else tuple(topics))
    return Repository(*values)
