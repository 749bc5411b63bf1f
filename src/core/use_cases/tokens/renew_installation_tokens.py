import asyncio
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import RENEWED_EARLY
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from ports.clock import Clock
from ports.unit_of_work import UnitOfWork

# Once a minute this renews more installations than a process serves, and asks for few at the same time.
_MOST = 500
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class RenewInstallationTokens:
    """Renew installation tokens ten minutes before they end, so that nobody waits for one.

    Called once a minute. What cannot be renewed now is tried again the next minute, and on demand.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    token: GetInstallationToken

    async def __call__(self) -> int:
        """Renew what ends soon and return how many were renewed; raises `StorageUnavailable`."""
        before = self.clock.now() + RENEWED_EARLY
        async with self.unit_of_work() as tx:
            ending = await tx.installation_tokens.list_expiring(before=before, limit=_MOST)
        some = asyncio.Semaphore(_AT_ONCE)

        async def renew(integration: Integration) -> bool:
            async with some:
                try:
                    await self.token(integration, at_least=RENEWED_EARLY)
                except DomainError:
                    # Whoever asks next is told; what should be known to operators was alerted below.
                    return False
                return True

        return sum(await asyncio.gather(*map(renew, ending)))
