import asyncio
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import FIRST_PROBE, next_probe
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from ports.clock import Clock
from ports.unit_of_work import UnitOfWork

_MOST = 100
_AT_ONCE = 8


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
                suspended_before=now - FIRST_PROBE, now=now, limit=_MOST
            )
            for integration in due:
                since = integration.status_changed_at or integration.created_at
                # Set before the probe: one that kills its process does not come back at once.
                await tx.installation_tokens.schedule_probe(integration.id, at=next_probe(since, now))
            await tx.commit()
        some = asyncio.Semaphore(_AT_ONCE)

        async def probe(integration: Integration) -> bool:
            async with some:
                try:
                    await self.token.probe(integration)
                except DomainError:
                    return False  # still suspended, for a reason its row tells
                return True

        return sum(await asyncio.gather(*map(probe, due)))
