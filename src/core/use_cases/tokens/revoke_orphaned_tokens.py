from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.tokens.read_token import Stray
from core.use_cases.tokens.encryption import open_read_token
from ports.cipher import Cipher
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 50
_EXPIRED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class RevokeStrayTokens:
    """End tokens of services that would get none now, or one for less; forget those that are over.

    That is when the integration ended or was suspended, or a repository was unlinked.

    What is to be done follows from the rows, so an outage of the provider's only puts it off; a token that
    cannot be revoked before it is over by itself is over then.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return how many are revoked; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.installation_tokens.wipe_expired_tokens(now=now, limit=_EXPIRED_AT_ONCE)
            strays = await tx.installation_tokens.list_orphaned_tokens(now=now, limit=_AT_ONCE)
            await tx.commit()
        return sum([await self._revoke(stray) for stray in strays])

    async def _revoke(self, stray: Stray) -> bool:
        try:
            token = open_read_token(self.cipher, stray.external_id, stray.sealed)
            await self.providers[stray.provider].revoke_token(token)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            await tx.installation_tokens.end_token_lease(stray.external_id, at=self.clock.now())
            await tx.commit()
        return True
