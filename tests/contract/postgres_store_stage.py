import hashlib
from datetime import datetime
from uuid import uuid4

import psycopg

from adapters.postgres.connection.database import Database
from adapters.postgres.queries.directory import PostgresDirectory
from adapters.postgres.rows.codec import compress
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.deliveries.source_key import to_number
from core.domain.events.event import WebhookEvent
from core.domain.identifiers import EventId
from core.domain.organizations import Organization, Project, Role, User
from local.seed import seed_membership, seed_organization, seed_project, seed_user
from testing.contracts.store_stage import StoreStage

_KEEP = """
    INSERT INTO git_webhook_events (
        provider, event_type, delivery_id, action, installation_id, source_key, repo_id, lane, source,
        payload, payload_length, payload_sha256, created_at
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    RETURNING id
"""


class PostgresStoreStage(StoreStage):
    """A database at the newest migration, for one test alone."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        # The races have twenty writers, each on its own connection.
        self.database = Database(database_url, max_connections=24)
        self.unit_of_work = PostgresUnitOfWork(self.database)
        self.directory = PostgresDirectory(self.database)

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
            await session.change(
                "DELETE FROM memberships WHERE user_id = %s AND organization_id = %s", (user.id, organization.id)
            )
            await session.commit()

    async def add_project(self, organization: Organization, name: str = "Rocket") -> Project:
        """Put in a project."""
        return await seed_project(self.database, uuid4(), organization.id, name=name)

    async def add_delivery(self, delivery: VerifiedDelivery, received_at: datetime) -> EventId:
        """Insert it as the delivery log does, at that time."""
        number = to_number(delivery.source_key) if delivery.source_key else None
        row = (
            delivery.provider,
            delivery.event_type,
            delivery.delivery_id,
            delivery.action,
            number,
            delivery.source_key if number is None else None,
            delivery.repo_id,
            delivery.lane,
            delivery.source.value,
            compress(delivery.body),
            len(delivery.body),
            hashlib.sha256(delivery.body).digest(),
            received_at,
        )
        async with self.database.session() as session:
            [(event_id,)] = await session.write(_KEEP, row)
            await session.commit()
        return EventId(event_id)

    async def expire_payload(self, event: WebhookEvent) -> None:
        """Set it to null."""
        async with self.database.session() as session:
            await session.change("UPDATE git_webhook_events SET payload = NULL WHERE id = %s", (event.id,))
            await session.commit()

    async def lose_storage(self) -> None:
        """End every connection there is to this database, as a server that goes down does."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async def restore_storage(self) -> None:
        """Do nothing: the server still answers new connections."""
