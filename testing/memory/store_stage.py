from datetime import datetime
from uuid import uuid4

from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.events.event import WebhookEvent
from core.domain.identifiers import EventId
from core.domain.organizations import Organization, Project, Role, User
from testing.builders.entities import now
from testing.contracts.store_stage import StoreStage
from testing.memory.database import MemoryDatabase
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.directory import MemoryDirectory
from testing.memory.seed import seed_membership, seed_organization, seed_project, seed_user
from testing.memory.unit_of_work import MemoryUnitOfWork


class MemoryStoreStage(StoreStage):
    """Tables in this process."""

    def __init__(self) -> None:
        self.received_at: datetime | None = None
        self.database = MemoryDatabase(lambda: self.received_at or now())
        self.unit_of_work = MemoryUnitOfWork(self.database)
        self.directory = MemoryDirectory(self.database)

    async def add_organization(self, name: str = "Acme") -> Organization:
        """Put in an organization."""
        return await seed_organization(self.database, uuid4(), name=name)

    async def add_user(self, email: str = "mara@acme.example") -> User:
        """Put in a user."""
        return await seed_user(self.database, uuid4(), email=email)

    async def add_member(self, user: User, organization: Organization, role: Role) -> None:
        """Give a user a role."""
        await seed_membership(self.database, user.id, organization.id, role=role)

    async def remove_member(self, user: User, organization: Organization) -> None:
        """Take the role away."""
        async with self.database.session() as session:
            del (await session.writable()).memberships[user.id, organization.id]
            session.commit()

    async def add_project(self, organization: Organization, name: str = "Rocket") -> Project:
        """Put in a project."""
        return await seed_project(self.database, uuid4(), organization.id, name=name)

    async def add_delivery(self, delivery: VerifiedDelivery, received_at: datetime) -> EventId:
        """Append it as if it were that time."""
        self.received_at = received_at
        try:
            await MemoryDeliveryLog(self.database).append(delivery)
        finally:
            self.received_at = None
        return max(self.database.committed.events)

    async def expire_payload(self, event: WebhookEvent) -> None:
        """Forget it."""
        del self.database.committed.payloads[event.id]

    async def lose_storage(self) -> None:
        """Make it unreachable for all."""
        self.database.is_reachable = False

    async def restore_storage(self) -> None:
        """Make it reachable again."""
        self.database.is_reachable = True
