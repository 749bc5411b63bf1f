"""How a proven installation is bound to an organization."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from core.domain.catalog.catalog import build_link_event
from core.domain.catalog.repository import Repository
from core.domain.identifiers import EventId, IntegrationId, OrganizationId
from core.domain.install.installations import Installation
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.links.link import Link
from core.domain.provider_events import InstallationFacts
from core.domain.streams.domain_event import DomainEvent, DomainEventType


@dataclass(frozen=True, slots=True)
class BindingTarget:
    """The organization that gets an installation, with its revoked integration or the id of a new one."""

    organization_id: OrganizationId
    provider: str
    existing: Integration | None
    new_id: IntegrationId


def bind(
    target: BindingTarget, provider_id: str, facts: InstallationFacts, *, suspended_at: datetime | None, at: datetime
) -> Integration:
    """Return the active integration. A revoked integration is used again, with its links.

    An installation that is suspended at the provider stays suspended. A sync of the catalog is requested.
    """
    base = (
        target.existing.with_manage_url(None)
        if target.existing
        else Integration(
            id=target.new_id,
            external_id=uuid4(),
            organization_id=target.organization_id,
            provider=target.provider,
            provider_id=provider_id,
            created_at=at,
            updated_at=at,
        )
    )
    fresh = replace(
        apply_facts(base, facts),
        provider_id=provider_id,
        provider_updated_at=facts.updated_at,
        status=IntegrationStatus.ACTIVE,
        status_reason=None,
        status_changed_at=at,
        synced_at=None,
        sync_requested_at=at,
        sync_failures=0,
        sync_error=None,
        sync_retry_at=None,
        uninstall_requested_at=None,
    )
    return fresh.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=at) if suspended_at else fresh


def to_facts(installation: Installation) -> InstallationFacts:
    """Convert an installation from the provider's API to the facts of a webhook payload."""
    return InstallationFacts(
        account_id=installation.account_id,
        account_login=installation.account_login,
        account_type=installation.account_type,
        account_url=installation.account_url,
        repository_selection=installation.repository_selection,
        permissions=installation.permissions,
        updated_at=installation.updated_at,
        manage_url=installation.manage_url,
    )


def apply_facts(integration: Integration, facts: InstallationFacts) -> Integration:
    """Return the integration with these facts. Missing facts leave a value unchanged."""
    known = integration.with_manage_url(facts.manage_url) if facts.manage_url else integration
    return replace(
        known,
        provider_name=facts.account_login or integration.provider_name,
        provider_url=facts.account_url or integration.provider_url,
        account_id=facts.account_id or integration.account_id,
        account_type=facts.account_type or integration.account_type,
        repository_selection=facts.repository_selection or integration.repository_selection,
        permissions=facts.permissions or integration.permissions,
        provider_updated_at=facts.updated_at or integration.provider_updated_at,
    )


def repositories_to_remove(
    target: BindingTarget, integration: Integration, catalog: Iterable[Repository], *, at: datetime
) -> tuple[Repository, ...]:
    """Return the catalog rows of an account that was bound before, marked as removed."""
    if target.existing is None or target.existing.account_id == integration.account_id:
        return ()
    return tuple(replace(row, removed_at=at) for row in catalog if row.removed_at is None)


def create_unreachable_events(
    links: Iterable[Link], rows: Iterable[Repository], *, at: datetime, source: EventId | None = None
) -> tuple[DomainEvent, ...]:
    """Return the domain events that report links to removed repositories as unreachable. The links stay."""
    repo_ids = {row.repo_id for row in rows}
    return tuple(
        build_link_event(link, DomainEventType.LINK_UNREACHABLE, at, reason="repository_removed", source=source)
        for link in links
        if link.repo_id in repo_ids
    )
