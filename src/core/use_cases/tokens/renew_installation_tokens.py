import asyncio
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import FIRST_PROBE, RENEWAL_MARGIN, next_probe
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

# Once a minute this renews more installations than a process serves, and asks for few at the same time.
_MAX_RENEWALS = 500
_MAX_CONCURRENT = 8


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
        before = self.clock.now() + RENEWAL_MARGIN
        async with self.unit_of_work() as tx:
            ending = await tx.installation_tokens.list_expiring(before=before, limit=_MAX_RENEWALS)
        some = asyncio.Semaphore(_MAX_CONCURRENT)

        async def renew(integration: Integration) -> bool:
            async with some:
                try:
                    await self.token(integration, at_least=RENEWAL_MARGIN)
                except DomainError:
                    # Whoever asks next is told; what should be known to operators was alerted below.
                    return False
                return True

        return sum(await asyncio.gather(*map(renew, ending)))


_MAX_PROBES = 100


@dataclass(frozen=True, slots=True)
class ProbeSuspended:
    """Ask for a token of each suspended integration now and then: where there is one, it is active again.

    Called once a minute. It heals what no webhook tells: a refusal that is over, and a missed `unsuspend`.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    token: GetInstallationToken

    async def __call__(self) -> int:
        """Probe what is due and return how many are active again; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            due = await tx.installation_tokens.list_due_for_probe(
                suspended_before=now - FIRST_PROBE, now=now, limit=_MAX_PROBES
            )
            for integration in due:
                since = integration.status_changed_at or integration.created_at
                # Set before the probe: one that kills its process does not come back at once.
                await tx.installation_tokens.schedule_probe(integration.id, at=next_probe(since, now))
            await tx.commit()
        some = asyncio.Semaphore(_MAX_CONCURRENT)

        async def probe(integration: Integration) -> bool:
            async with some:
                try:
                    await self.token.probe(integration)
                except DomainError:
                    return False  # still suspended, for a reason its row tells
                return True

        return sum(await asyncio.gather(*map(probe, due)))
