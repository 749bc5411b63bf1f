from collections.abc import Collection, Sequence
from copy import deepcopy
from datetime import datetime

from core.domain.audit import Change
from core.domain.events.event import EventStatus
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.integrations.integration import (
    EncryptedWebhookSecret,
    InstallationBoundElsewhere,
    Integration,
    IntegrationStatus,
    OrganizationAlreadyConnected,
)
from core.domain.integrations.views import IntegrationUse
from core.domain.tokens.lease import integration_ids_to_wipe
from ports.integrations import IntegrationStore
from testing.memory.database import Session, State
from testing.memory.stores import audited
from testing.memory.stores.audited import wipe


class MemoryIntegrationStore(IntegrationStore):
    """Integrations in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Return the organization's integration, revoked or not."""
        for integration in self._session.state.integrations.values():
            if (integration.organization_id, integration.provider) == (organization_id, provider):
                return deepcopy(integration)
        return None

    async def get_for_update(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Like `find`, and keep others from writing anything until this transaction ends."""
        await self._session.writable()
        return await self.find(organization_id, provider)

    async def lock(self, integration_ids: Collection[IntegrationId]) -> None:
        """Let nobody else write."""
        if integration_ids:
            await self._session.writable()

    async def list_by_installations(self, provider: str, provider_ids: Collection[str]) -> Sequence[Integration]:
        """Return at most one integration per installation: the live one, else the last revoked."""
        best: dict[str, Integration] = {}
        for integration in self._session.state.integrations.values():
            if integration.provider == provider and integration.provider_id in provider_ids:
                known = best.get(integration.provider_id)
                if known is None or _precedence(integration) > _precedence(known):
                    best[integration.provider_id] = integration
        return [deepcopy(integration) for integration in best.values()]

    async def find_webhook_secret(self, provider: str, provider_id: str) -> EncryptedWebhookSecret | None:
        """Return the own webhook secret of the live integration."""
        state = self._session.state
        for integration in state.integrations.values():
            is_wanted = (integration.provider, integration.provider_id) == (provider, provider_id)
            ciphertext = state.webhook_secrets.get(integration.external_id)
            if is_wanted and not integration.is_revoked and ciphertext:
                return EncryptedWebhookSecret(integration.external_id, ciphertext)
        return None

    async def set_webhook_secret(self, sealed: EncryptedWebhookSecret) -> None:
        """Keep it."""
        (await self._session.writable()).webhook_secrets[sealed.external_id] = sealed.ciphertext

    async def list_by_organization(self, organization_id: OrganizationId) -> Sequence[Integration]:
        """Return the organization's integrations, by provider."""
        own = [
            integration
            for integration in self._session.state.integrations.values()
            if integration.organization_id == organization_id
        ]
        return deepcopy(sorted(own, key=lambda integration: integration.provider))

    async def count_use(self, integration_id: IntegrationId, *, since: datetime) -> IntegrationUse:
        """Count what the integration is used for."""
        state = self._session.state
        repositories = [row for row in state.repositories.values() if row.integration_id == integration_id]
        return IntegrationUse(
            repositories=sum(row.removed_at is None for row in repositories),
            projects=len({link.project_id for link in state.links.values() if link.integration_id == integration_id}),
            failed=sum(
                events
                for (counted_id, hour, status, _), events in state.result_counts.items()
                if counted_id == integration_id and status is EventStatus.FAILED and hour >= since
            ),
        )

    async def list_to_uninstall(self, *, limit: int) -> Sequence[Integration]:
        """Return revoked integrations whose installation must be removed, the oldest request first."""
        integrations = [
            (integration.uninstall_requested_at, integration.id, integration)
            for integration in self._session.state.integrations.values()
            if integration.uninstall_requested_at and integration.is_revoked
        ]
        return deepcopy([integration for *_, integration in sorted(integrations)[:limit]])

    async def next_id(self) -> IntegrationId:
        """Reserve the id of an integration about to be made; gaps are normal."""
        return IntegrationId(next(self._session.database.ids))

    async def apply(self, changes: Sequence[Change[Integration]]) -> None:
        """Write these steps with their audit versions, and take tokens that must not outlive them.

        Raises `StorageConflict` where a row is gone.
        """
        await audited.apply(self._session, "integration", lambda state: state.integrations, changes, _refuse_rivals)
        state = await self._session.writable()
        wipe(state.integration_tokens, integration_ids_to_wipe(changes))
        for change in changes:
            if change.after is not None and change.after.status is IntegrationStatus.ACTIVE:
                state.probes.pop(change.after.id, None)


def _precedence(integration: Integration) -> tuple[bool, float, int]:
    changed_at = integration.status_changed_at
    return not integration.is_revoked, changed_at.timestamp() if changed_at else 0.0, integration.id


def _refuse_rivals(state: State, integration: Integration) -> None:
    rivals = [
        rival
        for rival in state.integrations.values()
        if rival.id != integration.id and rival.provider == integration.provider
    ]
    if any(rival.organization_id == integration.organization_id for rival in rivals):
        raise OrganizationAlreadyConnected("This organization is already connected. Disconnect it first.")
    if integration.is_revoked:
        return
    if any(rival.provider_id == integration.provider_id and not rival.is_revoked for rival in rivals):
        raise InstallationBoundElsewhere(
            "This installation is connected to another organization. Disconnect it there first."
        )
