from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.identifiers import ProviderUserId, RevocationId
from core.domain.tokens.lease import SealedTokens
from core.domain.tokens.revocation import Revocation
from ports.revocations import RevocationStore
from testing.memory.database import KeptRevocation, Session


class MemoryRevocationStore(RevocationStore):
    """What is to be revoked, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def next_id(self) -> RevocationId:
        """Reserve the next number."""
        return RevocationId(next(self._session.database.ids))

    async def add(self, revocation: Revocation) -> None:
        """Ask for it."""
        kept = KeptRevocation(revocation, self._session.database.now(), None)
        (await self._session.writable()).revocations[revocation.id] = kept

    async def take(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Take at most `limit` that are due, the oldest first."""
        rows = (await self._session.writable()).revocations
        due = sorted(
            (kept for kept in rows.values() if kept.due_at <= now and not kept.is_taken(now)),
            key=lambda kept: (kept.due_at, kept.revocation.id),
        )[:limit]
        for kept in due:
            rows[kept.revocation.id] = replace(kept, taken_until=until)
        return sorted((kept.revocation for kept in due), key=lambda one: one.id)

    async def renew(self, revocation_id: RevocationId, tokens: SealedTokens) -> None:
        """Put newer tokens in the place of those that ended."""
        rows = (await self._session.writable()).revocations
        if kept := rows.get(revocation_id):
            rows[revocation_id] = replace(kept, revocation=replace(kept.revocation, tokens=tokens))

    async def put_off(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """Give one back, to be due then."""
        rows = (await self._session.writable()).revocations
        if kept := rows.get(revocation_id):
            rows[revocation_id] = KeptRevocation(replace(kept.revocation, attempts=attempts), at, None)

    async def remove(self, revocation_id: RevocationId) -> None:
        """Forget one."""
        (await self._session.writable()).revocations.pop(revocation_id, None)

    async def spare_grant(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Let those of this account end their own tokens only; False where one is being seen to."""
        rows = (await self._session.writable()).revocations
        of_account = [
            kept
            for kept in rows.values()
            if (kept.revocation.provider, kept.revocation.provider_user_id) == (provider, provider_user_id)
            and kept.revocation.whole_grant
        ]
        for kept in of_account:
            if not kept.is_taken(now):
                spared = replace(kept.revocation, whole_grant=False)
                rows[spared.id] = replace(kept, revocation=spared)
        return not any(kept.is_taken(now) for kept in of_account)
