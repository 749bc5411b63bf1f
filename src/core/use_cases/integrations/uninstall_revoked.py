from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.domain.actors import SystemActor
from core.domain.audit.changes import Change
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.integrations.integration import Integration
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 20
_BY = SystemActor("scheduler")


@dataclass(frozen=True, slots=True)
class UninstallRevoked:
    """Remove at the provider the installations whose people asked for that when they disconnected.

    What is wanted stands in the integration's row until it is done, so no outage and no crash loses it.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return how many are done; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            wanted = await tx.integrations.to_uninstall(limit=_AT_ONCE)
        return sum([await self._uninstall(integration) for integration in wanted])

    async def _uninstall(self, integration: Integration) -> bool:
        try:
            await self.providers[integration.provider].uninstall(integration.provider_id)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            known = await tx.integrations.get_for_update(integration.organization_id, integration.provider)
            # It may have been connected anew meanwhile, to the same installation or another.
            if known and known.is_revoked and known.provider_id == integration.provider_id:
                done = replace(known, uninstall_requested_at=None)
                await tx.integrations.apply([Change(known, done, _BY)])
                await tx.commit()
        return True
