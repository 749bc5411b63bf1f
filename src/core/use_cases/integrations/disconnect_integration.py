from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor, SystemActor
from core.domain.audit import Change
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, StorageConflict, StorageUnavailable
from core.domain.integrations.integration import Integration, IntegrationNotFound, StatusReason, build_status_event
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DisconnectIntegration:
    """Revoke an organization's integration. Its links and history stay.

    The same write deletes the token. `UninstallRevoked` uninstalls at the provider later: the provider may be
    unavailable, and the user should not wait for it.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str, uninstall: bool = False) -> None:
        """Revoke the integration. For a revoked one, `uninstall` still requests uninstalling.

        Raises `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.DISCONNECT, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await tx.integrations.find(organization.id, provider)
            if integration is None:
                raise IntegrationNotFound(
                    "This organization is not connected to the provider, so it cannot be disconnected."
                )
            # Events are processed either before, or after and then find the integration revoked.
            await tx.event_queue.lock(choose_lane(integration.provider_id))
            current = await tx.integrations.get_for_update(organization.id, provider)
            if current is None or current.provider_id != integration.provider_id:
                raise StorageConflict(
                    "The organization was connected again in the meantime. Load the integration, then try again."
                )
            now = self.clock.now()
            after = current if current.is_revoked else current.revoke(StatusReason.DISCONNECTED, at=now)
            is_uninstalled = after.status_reason is StatusReason.UNINSTALLED_ON_PROVIDER
            if uninstall and not is_uninstalled and after.uninstall_requested_at is None:
                after = replace(after, uninstall_requested_at=now)
            if after != current:
                await tx.integrations.apply([Change(current, after, actor)])
            if not current.is_revoked:
                await tx.domain_events.append([build_status_event(after, at=now)])
            await tx.commit()


_BATCH_SIZE = 20
_BY = SystemActor("scheduler")


@dataclass(frozen=True, slots=True)
class UninstallRevoked:
    """Uninstall the app at the provider where a user requested this on disconnecting.

    The request stays in the integration's row until it is done, so no outage or crash loses it.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return the number of uninstalled installations; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            requested = await tx.integrations.list_to_uninstall(limit=_BATCH_SIZE)
        return sum([await self._uninstall(integration) for integration in requested])

    async def _uninstall(self, integration: Integration) -> bool:
        try:
            await self.providers[integration.provider].uninstall(integration.provider_id)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            current = await tx.integrations.get_for_update(integration.organization_id, integration.provider)
            # The organization may have connected again in the meantime, to this installation or another.
            if current and current.is_revoked and current.provider_id == integration.provider_id:
                done = replace(current, uninstall_requested_at=None)
                await tx.integrations.apply([Change(current, done, _BY)])
                await tx.commit()
        return True
