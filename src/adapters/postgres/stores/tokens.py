from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

from adapters.postgres.connection.session import Session
from adapters.postgres.rows.integrations import INTEGRATIONS
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.tokens import OF_CONNECTIONS, OF_INTEGRATIONS, TokenRows
from core.domain.identifiers import ConnectionId, IntegrationId, ProviderUserId, RevocationId
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import EncryptedTokens, RefreshLease, StoredTokens
from core.domain.tokens.user_tokens import Revocation
from ports.tokens import InstallationTokenStore, TokenStore, UserTokenStore

OwnerId = TypeVar("OwnerId", bound=int)

_LIST_EXPIRING = render(
    """
    SELECT {columns} FROM git_integrations AS i
    WHERE i.status = 0 AND i.access_token IS NOT NULL AND i.token_expires_at < %s
    ORDER BY i.token_expires_at LIMIT %s
    """,
    columns=INTEGRATIONS.columns,
)
_LIST_DUE_FOR_PROBE = render(
    """
    SELECT {columns} FROM git_integrations AS i
    WHERE i.status = 1 AND coalesce(i.status_changed_at, i.created_at) <= %s
        AND (i.token_probe_at IS NULL OR i.token_probe_at <= %s)
    ORDER BY i.token_probe_at NULLS FIRST, i.id LIMIT %s
    FOR NO KEY UPDATE SKIP LOCKED
    """,
    columns=INTEGRATIONS.columns,
)
_SCHEDULE_PROBE = "UPDATE git_integrations SET token_probe_at = %s WHERE id = %s"
_NEXT_REVOCATION_ID = "SELECT nextval('git_token_revocations_id_seq')"
_ADD_REVOCATION = """
    INSERT INTO git_token_revocations (
        id, external_id, provider, provider_user_id, whole_grant, access_token, token_expires_at,
        refresh_token, created_at, attempts
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_CLAIM_REVOCATIONS = """
    UPDATE git_token_revocations SET taken_until = %(until)s, updated_at = now()
    WHERE id IN (
        SELECT id FROM git_token_revocations
        WHERE next_attempt_at <= %(now)s AND (taken_until IS NULL OR taken_until <= %(now)s)
        ORDER BY next_attempt_at, id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, external_id, provider, provider_user_id, whole_grant, access_token, token_expires_at,
        refresh_token, created_at, attempts
"""
_UPDATE_REVOCATION = """
    UPDATE git_token_revocations
    SET access_token = %s, token_expires_at = %s, refresh_token = %s, updated_at = now()
    WHERE id = %s
"""
_POSTPONE_REVOCATION = """
    UPDATE git_token_revocations
    SET attempts = %s, next_attempt_at = %s, taken_until = NULL, updated_at = now()
    WHERE id = %s
"""
_DELETE_REVOCATION = "DELETE FROM git_token_revocations WHERE id = %s"
_KEEP_GRANT = """
    UPDATE git_token_revocations SET whole_grant = false, updated_at = now()
    WHERE provider = %(provider)s AND provider_user_id = %(person)s AND whole_grant
        AND (taken_until IS NULL OR taken_until <= %(now)s)
"""
_FIND_WHOLE_GRANT = """
    SELECT FROM git_token_revocations
    WHERE provider = %(provider)s AND provider_user_id = %(person)s AND whole_grant
"""


class PostgresTokenStore(TokenStore[OwnerId], Generic[OwnerId]):
    """The token columns of one table."""

    def __init__(self, session: Session, rows: TokenRows) -> None:
        self._session = session
        self._rows = rows

    async def find(self, owner_id: OwnerId) -> StoredTokens | None:
        """Return the tokens and the lease of a row; None if the row does not exist."""
        return await self._rows.find(self._session, owner_id)

    async def acquire_lease(self, owner_id: OwnerId, seen: StoredTokens, lease: RefreshLease) -> bool:
        """Store a lease; return False if the row has changed since it was read."""
        return await self._rows.acquire_lease(self._session, owner_id, seen, lease)

    async def release_lease(self, owner_id: OwnerId, lease: RefreshLease) -> None:
        """End a lease without new tokens. Does nothing if the lease is no longer held."""
        await self._rows.release_lease(self._session, owner_id, lease)

    async def replace_unchanged(self, owner_id: OwnerId, seen: StoredTokens, tokens: EncryptedTokens) -> bool:
        """Replace the tokens read and end any lease; return False if they have changed."""
        return await self._rows.replace_unchanged(self._session, owner_id, seen, tokens)

    async def replace(self, owner_id: OwnerId, tokens: EncryptedTokens) -> None:
        """Replace the tokens and end any lease; raises `StorageConflict` if the row does not exist."""
        await self._rows.replace(self._session, owner_id, tokens)


class PostgresInstallationTokenStore(PostgresTokenStore[IntegrationId], InstallationTokenStore):
    """The tokens in `git_integrations`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, OF_INTEGRATIONS)

    async def list_expiring(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token expires before this time, the earliest first."""
        return INTEGRATIONS.to_list(await self._session.read(_LIST_EXPIRING, (before, limit)))

    async def list_due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return suspended integrations whose next probe is due, and lock them; skip locked rows."""
        rows = await self._session.write(_LIST_DUE_FOR_PROBE, (suspended_before, now, limit))
        return INTEGRATIONS.to_list(rows)

    async def schedule_probe(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Store when the next probe is due."""
        await self._session.change(_SCHEDULE_PROBE, (at, integration_id))


class PostgresUserTokenStore(PostgresTokenStore[ConnectionId], UserTokenStore):
    """The tokens in `user_git_connections`, and the table `git_token_revocations`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, OF_CONNECTIONS)

    async def next_revocation_id(self) -> RevocationId:
        """Reserve the next id of the sequence."""
        [(number,)] = await self._session.read(_NEXT_REVOCATION_ID)
        return RevocationId(number)

    async def add_revocation(self, revocation: Revocation) -> None:
        """Add a revocation to the queue."""
        await self._session.change(
            _ADD_REVOCATION,
            (
                revocation.id,
                revocation.external_id,
                revocation.provider,
                revocation.provider_user_id,
                revocation.whole_grant,
                revocation.tokens.access,
                revocation.tokens.expires_at,
                revocation.tokens.refresh,
                revocation.created_at,
                revocation.attempts,
            ),
        )

    async def claim_revocations(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Claim at most `limit` due revocations, the oldest first."""
        rows = await self._session.write(_CLAIM_REVOCATIONS, {"now": now, "until": until, "limit": limit})
        revocations = [
            Revocation(
                id=row[0],
                external_id=row[1],
                provider=row[2],
                provider_user_id=row[3],
                whole_grant=row[4],
                tokens=EncryptedTokens(access=row[5], expires_at=row[6], refresh=row[7]),
                created_at=row[8],
                attempts=row[9],
            )
            for row in rows
        ]
        return sorted(revocations, key=lambda revocation: revocation.id)

    async def update_revocation(self, revocation_id: RevocationId, tokens: EncryptedTokens) -> None:
        """Replace the tokens of a revocation."""
        await self._session.change(
            _UPDATE_REVOCATION, (tokens.access, tokens.expires_at, tokens.refresh, revocation_id)
        )

    async def postpone_revocation(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """End the claim of a revocation; it is due again at `at`."""
        await self._session.change(_POSTPONE_REVOCATION, (attempts, at, revocation_id))

    async def delete_revocation(self, revocation_id: RevocationId) -> None:
        """Delete a revocation."""
        await self._session.change(_DELETE_REVOCATION, (revocation_id,))

    async def exclude_grant_revocation(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Limit the revocations of this account to their tokens; return False if one is in progress."""
        of_account = {"provider": provider, "person": provider_user_id, "now": now}
        await self._session.change(_KEEP_GRANT, of_account)
        return not await self._session.read(_FIND_WHOLE_GRANT, of_account)
