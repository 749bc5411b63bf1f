"""Values to store, with plain defaults; tests give what matters to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from core.domain.actors import SystemActor
from core.domain.audit import Change, Entity
from core.domain.catalog.repository import Repository
from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.events.event import EventResult, EventStatus, WebhookEvent
from core.domain.identifiers import IntegrationId, LinkId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project
from core.domain.streams.domain_event import DomainEvent, DomainEventType, LinkData

# Whatever a field of the entity may hold.
Fact = Any

PROVIDER = "github"
INSTALLATION = 41_000_001
BY = SystemActor("test", "request-1")


def now() -> datetime:
    """Return the time as stores keep it."""
    return datetime.now(UTC)


def time_ago(**time: float) -> datetime:
    """Return a time so long ago."""
    return now() - timedelta(**time)


def build_change(before: Entity | None, after: Entity | None) -> Change[Entity]:
    """Return the step from one to the other; None before it was made or after it was deleted."""
    return Change(before, after, BY)


def build_integration(integration_id: IntegrationId, organization: Organization, **facts: Fact) -> Integration:
    """Return an active integration of an organization."""
    at = now()
    integration = Integration(
        id=integration_id,
        external_id=uuid4(),
        organization_id=organization.id,
        provider=PROVIDER,
        provider_id=str(INSTALLATION),
        created_at=at,
        updated_at=at,
        provider_name="acme",
    )
    return replace(integration, **facts)


def build_link(link_id: LinkId, project: Project, integration: Integration, **facts: Fact) -> Link:
    """Return a link of a project to a repository of an integration."""
    at = now()
    link = Link(
        id=link_id,
        external_id=uuid4(),
        organization_id=project.organization_id,
        project_id=project.id,
        project_external_id=project.external_id,
        integration_id=integration.id,
        provider=integration.provider,
        repo_id=RepoId("1"),
        repo_full_name="acme/widgets",
        created_at=at,
        updated_at=at,
    )
    return replace(link, **facts)


def build_repository(integration: Integration, repo_id: str = "1", **facts: Fact) -> Repository:
    """Return a catalog row."""
    return replace(Repository(integration.id, RepoId(repo_id), f"acme/repository-{repo_id}"), **facts)


def build_delivery(**facts: Fact) -> VerifiedDelivery:
    """Return a verified push with a new delivery id."""
    delivery_id = str(facts.get("delivery_id") or uuid4())
    delivery = VerifiedDelivery(
        provider=PROVIDER,
        event_type="push",
        delivery_id=delivery_id,
        action=None,
        source_key=str(INSTALLATION),
        repo_id=RepoId("1"),
        body=b'{"ref":"refs/heads/main","id":"%s"}' % delivery_id.encode(),
        # Tests give the same bodies as they like, but for those about just that.
        is_unique=False,
    )
    return replace(delivery, **facts)


def build_domain_event(organization: Organization, **facts: Fact) -> DomainEvent:
    """Return a domain event of an organization."""
    event = DomainEvent(
        type=DomainEventType.LINK_CREATED,
        organization_id=organization.id,
        occurred_at=now(),
        data=LinkData(link_id=UUID(int=1), repo_id=RepoId("1"), full_name="acme/widgets"),
    )
    return replace(event, **facts)


def build_result(event: WebhookEvent, integration: Integration | None, status: EventStatus) -> EventResult:
    """Return the result of an event that was routed to an integration, or to none."""
    return EventResult(event.id, status, integration_id=integration.id if integration else None)
