import asyncio
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import FIRST_PROBE, RENEWAL_MARGIN, next_probe
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

# Once a minute, this renews more tokens than the installations of a process need.
_MAX_RENEWALS = 500
_MAX_CONCURRENT = 8


@dataclass(frozen=True, slots=True)
class RenewInstallationTokens:
    """Renew installation tokens ten minutes before they expire, so that no request waits for one.

    Called once a minute. A failed renewal is retried the next minute, and when the token is needed.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    token: GetInstallationToken

    async def __call__(self) -> int:
        """Renew tokens that expire soon and return the number of renewed tokens; raises `StorageUnavailable`."""
        before = self.clock.now() + RENEWAL_MARGIN
        async with self.unit_of_work() as tx:
            expiring = await tx.installation_tokens.list_expiring(before=before, limit=_MAX_RENEWALS)
        slots = asyncio.Semaphore(_MAX_CONCURRENT)

        async def renew(integration: Integration) -> bool:
            async with slots:
                try:
                    await self.token(integration, at_least=RENEWAL_MARGIN)
                except DomainError:
                    return False  # the next caller gets the error, and operators are alerted if they must act
                return True

        return sum(await asyncio.gather(*map(renew, expiring)))


_MAX_PROBES = 100


@dataclass(frozen=True, slots=True)
class ProbeSuspended:
    """Request a token for each suspended integration from time to time. A success makes it active again.

    Called once a minute. This covers what no webhook reports: a refusal that ended, and a lost `unsuspend`.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    token: GetInstallationToken

    async def __call__(self) -> int:
        """Probe the due integrations and return how many are active again; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            due = await tx.installation_tokens.list_due_for_probe(
                suspended_before=now - FIRST_PROBE, now=now, limit=_MAX_PROBES
            )
            for integration in due:
                since = integration.status_changed_at or integration.created_at
                # Scheduled before the probe: a probe that ends the process does not run again at once.
                await tx.installation_tokens.schedule_probe(integration.id, at=next_probe(since, now))
            await tx.commit()
        slots = asyncio.Semaphore(_MAX_CONCURRENT)

        async def probe(integration: Integration) -> bool:
            async with slots:
                try:
                    await self.token.probe(integration)
                except DomainError:
                    return False  # still suspended; the row has the reason
                return True

        return sum(await asyncio.gather(*map(probe, due)))
