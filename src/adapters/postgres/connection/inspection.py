"""Reads about the database itself for operators, in any state of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import sql

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.encrypted_values import list_encrypted_columns
from core.domain.errors import StorageNotPrepared

_SERVER = "SELECT current_setting('server_version'), clock_timestamp()"
_STATEMENT_TIMEOUT = "SELECT current_setting('statement_timeout')"
_REVISION = "SELECT version_num FROM git_schema_version"
# The newest value is the sample of each key, because it is the most likely to be needed.
_LIST_SAMPLES = sql.SQL("""
    WITH sealed AS (
        SELECT split_part({column}, '.', 2) AS key_id, count(*) AS values, max(id) AS sample
        FROM {table} WHERE {column} IS NOT NULL GROUP BY 1
    )
    SELECT key_id, values, external_id, {column} FROM sealed JOIN {table} ON id = sample ORDER BY key_id
""")
_LIST_PERMISSIONS = """
    SELECT coalesce(provider_name, provider_id), permissions
    FROM git_integrations WHERE provider = %s AND status = 0 ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class EncryptedColumnSample:
    """The values of one column that one key encrypted, and the newest of them."""

    column: str
    key_id: str
    count: int
    external_id: UUID
    ciphertext: str = field(repr=False)

    @property
    def context(self) -> str:
        """The encryption context of the newest value."""
        return f"{self.column}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class PoolerState:
    """Whether the role's own settings limit the time of a statement."""

    has_statement_timeout: bool


class Inspection:
    """Reads that no use case needs. They raise `StorageUnavailable` and `StorageNotPrepared`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_server(self) -> tuple[str, datetime]:
        """Return the server's version and its time."""
        async with self._database.session() as session:
            ((version, now),) = await session.read(_SERVER)
        return version, now

    async def find_pooler(self) -> PoolerState | None:
        """Return how sessions behind a pooler are set up, or None if there is no pooler."""
        async with self._database.session() as session:
            if not session.connection.is_pooled:
                return None
            ((timeout,),) = await session.read(_STATEMENT_TIMEOUT)
            await session.write("SELECT")  # in a transaction, which PgBouncer's statement mode refuses
        return PoolerState(has_statement_timeout=timeout != "0")

    async def find_revision(self) -> str | None:
        """Return the revision of the schema, or None if no migration ever ran."""
        async with self._database.session() as session:
            try:
                rows = await session.read(_REVISION)
            except StorageNotPrepared:
                return None
        return rows[0][0] if rows else None

    async def list_encrypted_samples(self) -> Sequence[EncryptedColumnSample]:
        """Return a sample of the encrypted values, by column and key."""
        samples = []
        async with self._database.session() as session:
            for table, column in list_encrypted_columns():
                statement = _LIST_SAMPLES.format(table=sql.Identifier(table), column=sql.Identifier(column))
                rows = await session.read(statement.as_string())
                samples += [EncryptedColumnSample(f"{table}.{column}", *row) for row in rows]
        return samples

    async def list_permissions(self, provider: str) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return the name and permissions of each active integration."""
        async with self._database.session() as session:
            return [(name, permissions) for name, permissions in await session.read(_LIST_PERMISSIONS, (provider,))]
