from dataclasses import dataclass
from datetime import timedelta

from core.use_cases.integrations.check_installation import PROVIDER_REFUSALS, CheckInstallation

_CLAIM = timedelta(seconds=10)
_MAX_CHECKS = 50


@dataclass(frozen=True, slots=True)
class ConfirmDeletions:
    """Ask the provider whether the installations that webhooks report as deleted are gone.

    Called every second. A report stays in storage until the provider has answered, so that neither an outage
    of the provider nor a crash loses it.
    """

    check: CheckInstallation

    async def __call__(self) -> int:
        """Return how many checks were made; raises `StorageUnavailable`."""
        return sum([await self._confirm(name) for name in self.check.providers])

    async def _confirm(self, provider: str) -> int:
        now = self.check.clock.now()
        async with self.check.unit_of_work() as tx:
            claimed = await tx.installation_checks.claim_requested(
                provider, now=now, until=now + _CLAIM, limit=_MAX_CHECKS
            )
            if claimed:
                await tx.commit()
        made = 0
        for due in claimed:
            try:
                await self.check(due)
            except PROVIDER_REFUSALS:
                break  # the claims end in some seconds
            made += 1
        return made
