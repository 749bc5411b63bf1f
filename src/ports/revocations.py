from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.identifiers import ProviderUserId, RevocationId
from core.domain.tokens.lease import SealedTokens
from core.domain.tokens.revocation import Revocation


class RevocationStore(Protocol):
    """What is to be revoked at a provider. It stands here until that is done, so no outage loses it."""

    async def next_id(self) -> RevocationId:
        """Reserve the id of a revocation about to be asked for; gaps are normal."""

    async def add(self, revocation: Revocation) -> None:
        """Ask for it."""

    async def take(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Take at most `limit` that are due, the oldest first; until then nobody else is given them."""

    async def renew(self, revocation_id: RevocationId, tokens: SealedTokens) -> None:
        """Put newer tokens in the place of those that ended."""

    async def put_off(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """Give one back that could not be done, to be due then."""

    async def remove(self, revocation_id: RevocationId) -> None:
        """Forget one that is done, or that nobody can do any more."""

    async def spare_grant(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Let what is asked for of this account end its own tokens only, since it is connected again.

        False where someone is just ending its whole grant, which would end new tokens too.
        """
