from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.integrations.integration import EncryptedWebhookSecret, Integration


class IntegrationStore(Protocol):
    """Integrations, without their tokens. Every change leaves an audit version."""

    async def find(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Return the organization's integration, revoked or not."""

    async def get_for_update(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Like `find`, and keep others from changing it until this transaction ends."""

    async def lock(self, integration_ids: Collection[IntegrationId]) -> None:
        """Keep others from changing these, or linking their repositories, until this transaction ends."""

    async def list_by_installations(self, provider: str, provider_ids: Collection[str]) -> Sequence[Integration]:
        """Return at most one integration per installation: the live one, else the last revoked."""

    async def find_webhook_secret(self, provider: str, provider_id: str) -> EncryptedWebhookSecret | None:
        """Return the own webhook secret of the integration that is not revoked, or None if it has none."""

    async def set_webhook_secret(self, sealed: EncryptedWebhookSecret) -> None:
        """Store an integration's own webhook secret, which replaces the one before."""

    async def list_by_organization(self, organization_id: OrganizationId) -> Sequence[Integration]:
        """Return the organization's integrations, revoked or not, by provider."""

    async def list_to_uninstall(self, *, limit: int) -> Sequence[Integration]:
        """Return revoked integrations whose installation should go, longest asked for first."""

    async def next_id(self) -> IntegrationId:
        """Reserve the id of an integration about to be made; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Integration]]) -> None:
        """Write these steps in order, each with its audit version, and stamp `updated_at`.

        Raises `OrganizationAlreadyConnected` or `InstallationBoundElsewhere` where a row stands in the way.
        """
