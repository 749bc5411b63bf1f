"""What the suites of stores need of an adapter. Derive from it to test your own adapter."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from core.domain.catalog.repository import Repository
from core.domain.connections import Connection
from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.events.event import EventResult, WebhookEvent
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import AccountId, EventId, ProviderUserId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project, Role, User
from ports.identity import Directory
from ports.unit_of_work import UnitOfWork
from testing.builders.entities import (
    PROVIDER,
    Fact,
    build_change,
    build_delivery,
    build_integration,
    build_link,
    build_repository,
    now,
)
from testing.builders.flows import build_flow


class StoreStage(ABC):
    """One empty store, and ways to put in what no port writes."""

    unit_of_work: UnitOfWork
    directory: Directory

    @abstractmethod
    async def add_organization(self, name: str = "Acme") -> Organization:
        """Put in an organization."""

    @abstractmethod
    async def add_user(self, email: str = "mara@acme.example") -> User:
        """Put in a user."""

    @abstractmethod
    async def add_member(self, user: User, organization: Organization, role: Role) -> None:
        """Give a user a role."""

    @abstractmethod
    async def remove_member(self, user: User, organization: Organization) -> None:
        """Let a user be a member no more."""

    @abstractmethod
    async def add_project(self, organization: Organization, name: str = "Rocket") -> Project:
        """Put in a project."""

    @abstractmethod
    async def add_delivery(self, delivery: VerifiedDelivery, received_at: datetime) -> EventId:
        """Store a delivery as a pending, due webhook event."""

    @abstractmethod
    async def expire_payload(self, event: WebhookEvent) -> None:
        """Remove what was signed, as retention does."""

    @abstractmethod
    async def lose_storage(self) -> None:
        """Cut every transaction under way off from what it writes to."""

    @abstractmethod
    async def restore_storage(self) -> None:
        """Let new transactions reach it again."""

    async def add_integration(self, organization: Organization | None = None, **facts: Fact) -> Integration:
        """Put in an integration, of a new organization where none is given."""
        organization = organization or await self.add_organization()
        async with self.unit_of_work() as tx:
            integration = build_integration(await tx.integrations.next_id(), organization, **facts)
            await tx.integrations.apply([build_change(None, integration)])
            await tx.commit()
            stored = await tx.integrations.find(organization.id, integration.provider)
        assert stored is not None
        return stored

    async def add_link(self, project: Project, integration: Integration, **facts: Fact) -> Link:
        """Put in a link."""
        async with self.unit_of_work() as tx:
            link = build_link(await tx.links.next_id(), project, integration, **facts)
            await tx.links.apply([build_change(None, link)])
            await tx.commit()
            stored = await tx.links.find(project.id, link.provider)
        assert stored is not None
        return stored

    async def add_connection(
        self, user: User, provider_user_id: str, *, login: str | None = None, emails: Collection[str] = ()
    ) -> Connection:
        """Put in a user's connection with its verified addresses."""
        at = now()
        async with self.unit_of_work() as tx:
            connection = Connection(
                id=await tx.connections.next_id(),
                external_id=uuid4(),
                user_id=user.id,
                provider=PROVIDER,
                provider_user_id=ProviderUserId(provider_user_id),
                created_at=at,
                updated_at=at,
                provider_username=login,
            )
            await tx.connections.apply([build_change(None, connection)])
            await tx.connections.replace_emails(connection.id, emails)
            await tx.commit()
            stored = await tx.connections.find(user.id, PROVIDER)
        assert stored is not None
        return stored

    async def add_repositories(self, integration: Integration, *repo_ids: str) -> list[Repository]:
        """Put in catalog rows."""
        rows = [build_repository(integration, repo_id) for repo_id in repo_ids]
        async with self.unit_of_work() as tx:
            await tx.catalog.save_repositories(rows)
            await tx.commit()
        return rows

    async def add_event(self, *, received_at: datetime | None = None, **facts: Fact) -> WebhookEvent:
        """Put in a delivery and return its event."""
        delivery = build_delivery(**facts)
        await self.add_delivery(delivery, received_at or now())
        return await self.get_event(delivery)

    async def get_event(self, delivery: VerifiedDelivery | WebhookEvent) -> WebhookEvent:
        """Return an event as it is now."""
        async with self.unit_of_work() as tx:
            event = await tx.events.find(delivery.provider, delivery.delivery_id)
        assert event is not None
        return event

    async def record_results(self, *results: EventResult) -> None:
        """Write how events ended."""
        async with self.unit_of_work() as tx:
            await tx.event_queue.record_results(results)
            await tx.commit()

    async def add_request(self, organization: Organization, user: User, **facts: Fact) -> PendingRequest:
        """Put in a request of a user, by default of requester 7 for account 9."""
        async with self.unit_of_work() as tx:
            request = PendingRequest(
                flow_id=await tx.flows.next_id(),
                organization_id=organization.id,
                user_id=user.id,
                provider=PROVIDER,
                requester_id=ProviderUserId("7"),
                account_id=AccountId("9"),
                external_id=uuid4(),
                expires_at=now() + timedelta(days=30),
            )
            request = replace(request, **facts)
            await tx.flows.add(build_flow(request))
            await tx.commit()
        return request
