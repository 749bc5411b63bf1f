from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

from psycopg.sql import SQL

from adapters.postgres.connection.session import Session
from adapters.postgres.rows.integrations import COLUMNS, integration_of
from adapters.postgres.rows.tokens import OF_CONNECTIONS, OF_INTEGRATIONS, TokenRows
from core.domain.identifiers import ConnectionId, IntegrationId
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import Lease, SealedTokens, StoredTokens
from ports.token_store import InstallationTokenStore, TokenStore, UserTokenStore

OwnerId = TypeVar("OwnerId", bound=int)

_ENDING = (
    SQL("""
    SELECT {columns} FROM git_integrations AS i
    WHERE i.status = 0 AND i.access_token IS NOT NULL AND i.token_expires_at < %s
    ORDER BY i.token_expires_at LIMIT %s
    """)
    .format(columns=COLUMNS)
    .as_string()
)
_DUE_FOR_PROBE = (
    SQL("""
    SELECT {columns} FROM git_integrations AS i
    WHERE i.status = 1 AND coalesce(i.status_changed_at, i.created_at) <= %s
        AND (i.token_probe_at IS NULL OR i.token_probe_at <= %s)
    ORDER BY i.token_probe_at NULLS FIRST, i.id LIMIT %s
    FOR NO KEY UPDATE SKIP LOCKED
    """)
    .format(columns=COLUMNS)
    .as_string()
)
_SCHEDULE_PROBE = "UPDATE git_integrations SET token_probe_at = %s WHERE id = %s"


class PostgresTokenStore(TokenStore[OwnerId], Generic[OwnerId]):
    """The token columns of one table."""

    def __init__(self, session: Session, rows: TokenRows) -> None:
        self._session = session
        self._rows = rows

    async def find(self, owner_id: OwnerId) -> StoredTokens | None:
        """Return what the row knows of its tokens; None where there is no such row."""
        return await self._rows.find(self._session, owner_id)

    async def take(self, owner_id: OwnerId, seen: StoredTokens, lease: Lease) -> bool:
        """Put a lease in the place of the one seen, or of none; False where the row has changed since."""
        return await self._rows.take(self._session, owner_id, seen, lease)

    async def let_go(self, owner_id: OwnerId, lease: Lease) -> None:
        """End a lease without a token; one that is not held any more is left alone."""
        await self._rows.let_go(self._session, owner_id, lease)

    async def advance(self, owner_id: OwnerId, seen: StoredTokens, tokens: SealedTokens) -> bool:
        """Replace the tokens seen, held lease or not, and end any lease; False where others came first."""
        return await self._rows.advance(self._session, owner_id, seen, tokens)

    async def replace(self, owner_id: OwnerId, tokens: SealedTokens) -> None:
        """Put in tokens whatever was there; raises `StorageConflict` where there is no such row."""
        await self._rows.replace(self._session, owner_id, tokens)


class PostgresInstallationTokenStore(PostgresTokenStore[IntegrationId], InstallationTokenStore):
    """Tokens in `git_integrations`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, OF_INTEGRATIONS)

    async def ending(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token ends before then, the first to end first."""
        return [integration_of(row) for row in await self._session.read(_ENDING, (before, limit))]

    async def due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return suspended integrations whose next probe is due, with row locks, past those locked."""
        rows = await self._session.write(_DUE_FOR_PROBE, (suspended_before, now, limit))
        return [integration_of(row) for row in rows]

    async def schedule_probe(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Let the next probe be due then."""
        await self._session.change(_SCHEDULE_PROBE, (at, integration_id))


class PostgresUserTokenStore(PostgresTokenStore[ConnectionId], UserTokenStore):
    """Tokens in `user_git_connections`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, OF_CONNECTIONS)
