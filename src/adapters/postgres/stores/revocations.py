from collections.abc import Sequence
from datetime import datetime

from adapters.postgres.connection.session import Session
from core.domain.identifiers import ProviderUserId, RevocationId
from core.domain.tokens.lease import SealedTokens
from core.domain.tokens.revocation import Revocation
from ports.revocations import RevocationStore

_NEXT_ID = "SELECT nextval('git_token_revocations_id_seq')"
_ADD = """
    INSERT INTO git_token_revocations (
        id, external_id, provider, provider_user_id, whole_grant, access_token, token_expires_at,
        refresh_token, created_at, attempts
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_TAKE = """
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
_RENEW = """
    UPDATE git_token_revocations
    SET access_token = %s, token_expires_at = %s, refresh_token = %s, updated_at = now()
    WHERE id = %s
"""
_PUT_OFF = """
    UPDATE git_token_revocations
    SET attempts = %s, next_attempt_at = %s, taken_until = NULL, updated_at = now()
    WHERE id = %s
"""
_REMOVE = "DELETE FROM git_token_revocations WHERE id = %s"
_SPARE = """
    UPDATE git_token_revocations SET whole_grant = false, updated_at = now()
    WHERE provider = %(provider)s AND provider_user_id = %(person)s AND whole_grant
        AND (taken_until IS NULL OR taken_until <= %(now)s)
"""
_UNDER_WAY = """
    SELECT FROM git_token_revocations
    WHERE provider = %(provider)s AND provider_user_id = %(person)s AND whole_grant
"""


class PostgresRevocationStore(RevocationStore):
    """The table `git_token_revocations`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def next_id(self) -> RevocationId:
        """Reserve the next number of the sequence."""
        [(number,)] = await self._session.read(_NEXT_ID)
        return RevocationId(number)

    async def add(self, revocation: Revocation) -> None:
        """Ask for it."""
        await self._session.change(
            _ADD,
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

    async def take(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Take at most `limit` that are due, the oldest first."""
        rows = await self._session.write(_TAKE, {"now": now, "until": until, "limit": limit})
        taken = [
            Revocation(
                id=row[0],
                external_id=row[1],
                provider=row[2],
                provider_user_id=row[3],
                whole_grant=row[4],
                tokens=SealedTokens(access=row[5], expires_at=row[6], refresh=row[7]),
                created_at=row[8],
                attempts=row[9],
            )
            for row in rows
        ]
        return sorted(taken, key=lambda one: one.id)

    async def renew(self, revocation_id: RevocationId, tokens: SealedTokens) -> None:
        """Put newer tokens in the place of those that ended."""
        await self._session.change(_RENEW, (tokens.access, tokens.expires_at, tokens.refresh, revocation_id))

    async def put_off(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """Give one back, to be due then."""
        await self._session.change(_PUT_OFF, (attempts, at, revocation_id))

    async def remove(self, revocation_id: RevocationId) -> None:
        """Forget one."""
        await self._session.change(_REMOVE, (revocation_id,))

    async def spare_grant(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Let those of this account end their own tokens only; False where one is being seen to."""
        of_account = {"provider": provider, "person": provider_user_id, "now": now}
        await self._session.change(_SPARE, of_account)
        return not await self._session.read(_UNDER_WAY, of_account)
