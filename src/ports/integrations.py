from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.integrations.integration import EncryptedWebhookSecret, Integration
from core.domain.integrations.views import IntegrationUse


class IntegrationStore(Protocol):
    """Integrations, without their tokens. Every change writes an audit version."""

    async def find(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Return the organization's integration, revoked or not."""

    async def get_for_update(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Like `find`, and lock the integration until this transaction ends."""

    async def lock(self, integration_ids: Collection[IntegrationId]) -> None:
        """Lock these integrations until this transaction ends, against changes and new links."""

    async def list_by_installations(self, provider: str, provider_ids: Collection[str]) -> Sequence[Integration]:
        """Return at most one integration per installation: the live integration, or the last one revoked."""

    async def find_webhook_secret(self, provider: str, provider_id: str) -> EncryptedWebhookSecret | None:
        """Return the webhook secret of the integration that is not revoked, or None if a setting has it."""

    async def set_webhook_secret(self, sealed: EncryptedWebhookSecret) -> None:
        """Store or replace an integration's webhook secret."""

    async def list_by_organization(self, organization_id: OrganizationId) -> Sequence[Integration]:
        """Return the organization's integrations, revoked or not, by provider."""

    async def count_use(self, integration_id: IntegrationId, *, since: datetime) -> IntegrationUse:
        """Count the repositories that are not removed, the linked projects, and the events that failed since a time.

        Failed events are counted by the hour, like `EventStore.count_results`. Does not find the last event.
        """

    async def list_to_uninstall(self, *, limit: int) -> Sequence[Integration]:
        """Return revoked integrations whose installation must be removed at the provider, the oldest request first."""

    async def next_id(self) -> IntegrationId:
        """Reserve the id of a new integration; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Integration]]) -> None:
        """Write these changes in order, each with its audit version, and set `updated_at`.

        Raises `OrganizationAlreadyConnected` or `InstallationBoundElsewhere` if another row conflicts.
        """
