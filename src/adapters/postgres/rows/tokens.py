"""Encrypted tokens and their leases, which are columns of the row that owns them."""

from collections.abc import Sequence

from psycopg.sql import NULL, SQL, Identifier

from adapters.postgres.connection.packed_arrays import Bigints
from adapters.postgres.connection.session import Session
from core.domain.tokens.lease import EncryptedTokens, RefreshLease, StoredTokens

_FIND = SQL("""
    SELECT token_lease_generation, access_token, token_expires_at, {refresh}, token_lease_owner,
        token_lease_until
    FROM {table} WHERE id = %s
""")
# Owners of leases are never used twice, so the owner stands for the whole lease.
_ACQUIRE = SQL("""
    UPDATE {table} SET token_lease_owner = %s, token_lease_until = %s
    WHERE id = %s AND token_lease_generation = %s AND token_lease_owner IS NOT DISTINCT FROM %s::varchar
""")
_RELEASE = SQL("""
    UPDATE {table} SET token_lease_owner = NULL, token_lease_until = NULL
    WHERE id = %s AND token_lease_owner = %s
""")
_REPLACE = SQL("""
    UPDATE {table}
    SET access_token = %s, token_expires_at = %s, {put_refresh}token_lease_owner = NULL,
        token_lease_until = NULL, token_lease_generation = token_lease_generation + 1
    WHERE id = %s
""")
_WIPE = SQL("""
    UPDATE {table}
    SET access_token = NULL, token_expires_at = NULL, {wipe_refresh}token_lease_owner = NULL,
        token_lease_until = NULL, token_lease_generation = token_lease_generation + 1
    WHERE id = ANY(%s::bigint[])
""")


class TokenRows:
    """The token columns of one table; those of an integration have no refresh token."""

    def __init__(self, table: str, *, refreshable: bool) -> None:
        names = {
            "table": Identifier(table),
            "refresh": Identifier("refresh_token") if refreshable else NULL,
            "put_refresh": SQL("refresh_token = %s, ") if refreshable else SQL(""),
            "wipe_refresh": SQL("refresh_token = NULL, ") if refreshable else SQL(""),
        }
        self._refreshable = refreshable
        self._find, self._acquire, self._release, self._replace, self._wipe = (
            template.format(**names).as_string() for template in (_FIND, _ACQUIRE, _RELEASE, _REPLACE, _WIPE)
        )

    async def find(self, session: Session, row_id: int) -> StoredTokens | None:
        """Return the tokens and the lease of a row; None if the row does not exist."""
        rows = await session.read(self._find, (row_id,))
        if not rows:
            return None
        generation, access, expires_at, refresh, owner, until = rows[0]
        return StoredTokens(
            generation,
            EncryptedTokens(access, expires_at, refresh) if access is not None else None,
            RefreshLease(owner, until) if owner is not None else None,
        )

    async def acquire_lease(self, session: Session, row_id: int, seen: StoredTokens, lease: RefreshLease) -> bool:
        """Store a lease; return False if the row has changed since it was read."""
        seen_owner = seen.lease.owner if seen.lease else None
        values = (lease.owner, lease.until, row_id, seen.generation, seen_owner)
        return await session.change(self._acquire, values) == 1

    async def release_lease(self, session: Session, row_id: int, lease: RefreshLease) -> None:
        """End a lease that is still held."""
        await session.change(self._release, (row_id, lease.owner))

    async def replace_unchanged(
        self, session: Session, row_id: int, seen: StoredTokens, tokens: EncryptedTokens
    ) -> bool:
        """Replace the tokens read and end any lease; return False if they have changed."""
        values = (*self._values(tokens), row_id, seen.generation)
        return await session.change(f"{self._replace} AND token_lease_generation = %s", values) == 1

    async def replace(self, session: Session, row_id: int, tokens: EncryptedTokens) -> None:
        """Replace the tokens and end any lease; raises `StorageConflict` if the row does not exist."""
        await session.change_exactly(1, self._replace, (*self._values(tokens), row_id))

    async def wipe(self, session: Session, row_ids: Sequence[int]) -> None:
        """Delete tokens and leases, so that a response still in flight is not stored."""
        if row_ids:
            await session.change(self._wipe, (Bigints(row_ids),))

    def _values(self, tokens: EncryptedTokens) -> tuple[object, ...]:
        refresh = (tokens.refresh,) if self._refreshable else ()
        return (tokens.access, tokens.expires_at, *refresh)


OF_INTEGRATIONS = TokenRows("git_integrations", refreshable=False)
OF_CONNECTIONS = TokenRows("user_git_connections", refreshable=True)
