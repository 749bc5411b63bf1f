"""What an operator wants to know of the database itself, whatever state it is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import sql

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.encrypted_values import encrypted_columns
from core.domain.errors import StorageNotPrepared

_SERVER = "SELECT current_setting('server_version'), clock_timestamp()"
_STATEMENT_TIMEOUT = "SELECT current_setting('statement_timeout')"
_REVISION = "SELECT version_num FROM git_schema_version"
# One value stands for all that were made with its key, the newest as the one most likely to be needed.
_SEALED = sql.SQL("""
    WITH sealed AS (
        SELECT split_part({column}, '.', 2) AS key_id, count(*) AS values, max(id) AS sample
        FROM {table} WHERE {column} IS NOT NULL GROUP BY 1
    )
    SELECT key_id, values, external_id, {column} FROM sealed JOIN {table} ON id = sample ORDER BY key_id
""")
_GRANTED = """
    SELECT coalesce(provider_name, provider_id), permissions
    FROM git_integrations WHERE provider = %s AND status = 0 ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class SealedValues:
    """The values of one column made with one key, and the newest of them."""

    column: str
    key_id: str
    count: int
    external_id: UUID
    ciphertext: str = field(repr=False)

    @property
    def context(self) -> str:
        """What the newest was sealed with."""
        return f"{self.column}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class PoolerState:
    """Whether the role's own settings limit the time of a statement."""

    has_statement_timeout: bool


class Inspection:
    """Reads what no use case needs. Raises `StorageUnavailable`, `StorageNotPrepared` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def server(self) -> tuple[str, datetime]:
        """Return the server's version and its time."""
        async with self._database.session() as session:
            ((version, now),) = await session.read(_SERVER)
        return version, now

    async def pooler(self) -> PoolerState | None:
        """Return how sessions behind a pooler are set up, or None if there is no pooler."""
        async with self._database.session() as session:
            if not session.connection.is_pooled:
                return None
            ((timeout,),) = await session.read(_STATEMENT_TIMEOUT)
            await session.write("SELECT")  # in a transaction, which PgBouncer's statement mode refuses
        return PoolerState(has_statement_timeout=timeout != "0")

    async def revision(self) -> str | None:
        """Return the revision of the schema, or None where no migration ever ran."""
        async with self._database.session() as session:
            try:
                rows = await session.read(_REVISION)
            except StorageNotPrepared:
                return None
        return rows[0][0] if rows else None

    async def sealed(self) -> Sequence[SealedValues]:
        """Return what is encrypted, by column and key."""
        found = []
        async with self._database.session() as session:
            for table, column in encrypted_columns():
                statement = _SEALED.format(table=sql.Identifier(table), column=sql.Identifier(column))
                rows = await session.read(statement.as_string())
                found += [SealedValues(f"{table}.{column}", *row) for row in rows]
        return found

    async def granted(self, provider: str) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return the name and permissions of each active integration."""
        async with self._database.session() as session:
            return [(name, permissions) for name, permissions in await session.read(_GRANTED, (provider,))]
