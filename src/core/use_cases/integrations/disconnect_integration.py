from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit.changes import Change
from core.domain.errors import StorageConflict
from core.domain.events.lanes import lane_of
from core.domain.integrations.domain_events import status_changed
from core.domain.integrations.integration import IntegrationNotFound, StatusReason
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DisconnectIntegration:
    """End an organization's integration; its links and history stay.

    The token goes in the same write. Uninstalling at the provider is only noted here, and done by
    `UninstallRevoked`: the provider may be out of reach, and the person should not wait for it.
    """

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str, uninstall: bool = False) -> None:
        """Revoke it; one that is revoked already stays so, and may still be asked to be uninstalled.

        Raises `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.DISCONNECT, organization_id)
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            found = await tx.integrations.find(organization.id, provider)
            if found is None:
                raise IntegrationNotFound(
                    "This organization is not connected to the provider, so it cannot be disconnected."
                )
            # Its events are processed either before or after, and then find it revoked.
            await tx.mailbox.lock(lane_of(found.provider_id))
            known = await tx.integrations.get_for_update(organization.id, provider)
            if known is None or known.provider_id != found.provider_id:
                raise StorageConflict(
                    "The organization was connected again in the meantime. Load the integration, then try again."
                )
            now = self.clock.now()
            after = known if known.is_revoked else known.revoked(StatusReason.DISCONNECTED, at=now)
            gone = after.status_reason is StatusReason.UNINSTALLED_ON_PROVIDER
            if uninstall and not gone and after.uninstall_requested_at is None:
                after = replace(after, uninstall_requested_at=now)
            if after != known:
                await tx.integrations.apply([Change(known, after, actor)])
            if not known.is_revoked:
                await tx.domain_events.append([status_changed(after, at=now)])
            await tx.commit()
