"""Tokens, encrypted, and their leases, which live in the row of what they belong to."""

from collections.abc import Sequence

from psycopg.sql import NULL, SQL, Identifier

from adapters.postgres.connection.packed_arrays import Bigints
from adapters.postgres.connection.session import Session
from core.domain.tokens.lease import Lease, SealedTokens, StoredTokens

_FIND = SQL("""
    SELECT token_lease_generation, access_token, token_expires_at, {refresh}, token_lease_owner,
        token_lease_until
    FROM {table} WHERE id = %s
""")
# Owners of leases are never used twice, so the owner stands for the whole lease.
_TAKE = SQL("""
    UPDATE {table} SET token_lease_owner = %s, token_lease_until = %s
    WHERE id = %s AND token_lease_generation = %s AND token_lease_owner IS NOT DISTINCT FROM %s::varchar
""")
_LET_GO = SQL("""
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
        self._find, self._take, self._let_go, self._replace, self._wipe = (
            template.format(**names).as_string() for template in (_FIND, _TAKE, _LET_GO, _REPLACE, _WIPE)
        )

    async def find(self, session: Session, row_id: int) -> StoredTokens | None:
        """Return what the row knows of its tokens; None where there is no such row."""
        rows = await session.read(self._find, (row_id,))
        if not rows:
            return None
        generation, access, expires_at, refresh, owner, until = rows[0]
        return StoredTokens(
            generation,
            SealedTokens(access, expires_at, refresh) if access is not None else None,
            Lease(owner, until) if owner is not None else None,
        )

    async def take(self, session: Session, row_id: int, seen: StoredTokens, lease: Lease) -> bool:
        """Put a lease in the place of the one seen, or of none; False where the row has changed since."""
        known = seen.lease.owner if seen.lease else None
        taken = (lease.owner, lease.until, row_id, seen.generation, known)
        return await session.change(self._take, taken) == 1

    async def let_go(self, session: Session, row_id: int, lease: Lease) -> None:
        """End a lease, unless it is not held any more."""
        await session.change(self._let_go, (row_id, lease.owner))

    async def advance(self, session: Session, row_id: int, seen: StoredTokens, tokens: SealedTokens) -> bool:
        """Replace the tokens seen and end any lease; False where others came first."""
        values = (*self._values(tokens), row_id, seen.generation)
        return await session.change(f"{self._replace} AND token_lease_generation = %s", values) == 1

    async def replace(self, session: Session, row_id: int, tokens: SealedTokens) -> None:
        """Put tokens in and end any lease; raises `StorageConflict` where there is no such row."""
        await session.change_exactly(1, self._replace, (*self._values(tokens), row_id))

    async def wipe(self, session: Session, row_ids: Sequence[int]) -> None:
        """Take tokens and leases away, so that an answer still under way is not written any more."""
        if row_ids:
            await session.change(self._wipe, (Bigints(row_ids),))

    def _values(self, tokens: SealedTokens) -> tuple[object, ...]:
        refresh = (tokens.refresh,) if self._refreshable else ()
        return (tokens.access, tokens.expires_at, *refresh)


OF_INTEGRATIONS = TokenRows("git_integrations", refreshable=False)
OF_CONNECTIONS = TokenRows("user_git_connections", refreshable=True)
