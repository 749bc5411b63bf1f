from collections.abc import Sequence

from psycopg import sql

from adapters.postgres.connection.database import Database
from adapters.postgres.tables import metadata
from ports.encryption import EncryptedValue, EncryptedValueStore

_PAGE = sql.SQL("""
    SELECT id, external_id, {column} FROM {table}
    WHERE {column} IS NOT NULL AND id > %s ORDER BY id LIMIT %s
""")
# Ciphertexts identify values, because each has a unique nonce.
_REPLACE = sql.SQL("""
    UPDATE {table} AS t SET {column} = renewed.after
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS renewed (id, before, after)
    WHERE t.id = renewed.id AND t.{column} = renewed.before
""")


class PostgresEncryptedValueStore(EncryptedValueStore):
    """The columns that `tables` marks as encrypted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_columns(self) -> Sequence[str]:
        """Return the encrypted columns, in the order of their tables."""
        return [f"{table}.{column}" for table, column in list_encrypted_columns()]

    async def list_page(self, column: str, *, after: int, limit: int) -> Sequence[EncryptedValue]:
        """Return at most `limit` values of a column."""
        async with self._database.session() as session:
            rows = await session.read(_render(column, _PAGE), (after, limit))
        return [EncryptedValue(column, *row) for row in rows]

    async def replace(self, column: str, changes: Sequence[tuple[EncryptedValue, str]]) -> int:
        """Replace the values that have not changed, in one statement."""
        if not changes:
            return 0
        parameters = (
            [value.id for value, _ in changes],
            [value.ciphertext for value, _ in changes],
            [after for _, after in changes],
        )
        async with self._database.session() as session:
            count = await session.change(_render(column, _REPLACE), parameters)
            await session.commit()
        return count


def list_encrypted_columns() -> list[tuple[str, str]]:
    """Return the table and name of each encrypted column."""
    return [
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("encrypted")
    ]


def _render(column: str, statement: sql.SQL) -> str:
    table, _, name = column.partition(".")
    return statement.format(table=sql.Identifier(table), column=sql.Identifier(name)).as_string()
