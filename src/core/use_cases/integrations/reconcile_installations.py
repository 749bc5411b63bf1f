from dataclasses import dataclass
from datetime import timedelta

from core.use_cases.integrations.check_installation import PROVIDER_REFUSALS, CheckInstallation
from ports.provider import GitProvider

# Runs in half a day, at one a minute: all installations are checked each day even if many runs are skipped.
_RUNS = 720
_CLAIM = timedelta(minutes=10)
# The app's calls are for issuing tokens first.
_RESERVED_CALLS = 0.5


@dataclass(frozen=True, slots=True)
class ReconcileInstallations:
    """Check each live integration's installation once a day, some each minute.

    Called once a minute. Applies changes whose webhook was lost: a rename, other permissions, another
    selection of repositories, a suspension, a deletion.
    """

    check: CheckInstallation

    async def __call__(self) -> int:
        """Check what is due and return how many checks were made; raises `StorageUnavailable`."""
        return sum([await self._reconcile(provider) for provider in self.check.providers.values()])

    async def _reconcile(self, provider: GitProvider) -> int:
        now = self.check.clock.now()
        made = 0
        if not _is_short_of_calls(provider):
            async with self.check.unit_of_work() as tx:
                backlog = await tx.installation_checks.backlog(provider.name, now=now)
                claimed = await tx.installation_checks.claim_daily(
                    provider.name, now=now, until=now + _CLAIM, limit=1 + backlog.live // _RUNS
                )
                await tx.commit()
            for due in claimed:
                try:
                    await self.check(due)
                except PROVIDER_REFUSALS:
                    break
                made += 1
        async with self.check.unit_of_work() as tx:
            backlog = await tx.installation_checks.backlog(provider.name, now=now)
        overdue_seconds = (now - backlog.due_since).total_seconds() if backlog.due_since else 0.0
        self.check.metrics.installation_checks(provider.name, overdue_seconds=overdue_seconds)
        return made


def _is_short_of_calls(provider: GitProvider) -> bool:
    left = provider.calls_left()
    return left is not None and left < _RESERVED_CALLS
