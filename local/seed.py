"""Write rows into crewkit's tables, for the demo and for tests. In production, crewkit writes them.

Each function is idempotent: it updates an existing row with the same external id.
"""

from uuid import UUID

from adapters.postgres.connection.database import Database
from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Organization, Project, Role, User

_ORGANIZATION = """
    INSERT INTO organizations (external_id, name) VALUES (%s, %s)
    ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, updated_at = now()
    RETURNING id, external_id, name
"""
_USER = """
    INSERT INTO users (external_id, email, name) VALUES (%s, %s, %s)
    ON CONFLICT (external_id) DO UPDATE SET email = excluded.email, name = excluded.name, updated_at = now()
    RETURNING id, external_id, email, name
"""
_MEMBERSHIP = """
    INSERT INTO memberships (user_id, organization_id, role) VALUES (%s, %s, %s)
    ON CONFLICT (user_id, organization_id) DO UPDATE SET role = excluded.role, updated_at = now()
"""
_PROJECT = """
    INSERT INTO projects (external_id, organization_id, name) VALUES (%s, %s, %s)
    ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, updated_at = now()
    RETURNING id, external_id, organization_id, name, created_at
"""


async def seed_organization(database: Database, external_id: UUID, *, name: str) -> Organization:
    """Put in an organization."""
    async with database.session() as session:
        [row] = await session.write(_ORGANIZATION, (external_id, name))
        await session.commit()
    return Organization(*row)


async def seed_user(database: Database, external_id: UUID, *, email: str, name: str | None = None) -> User:
    """Put in a user."""
    async with database.session() as session:
        [row] = await session.write(_USER, (external_id, email, name))
        await session.commit()
    return User(*row)


async def seed_membership(database: Database, user_id: UserId, organization_id: OrganizationId, *, role: Role) -> None:
    """Give a user a role in an organization."""
    async with database.session() as session:
        await session.change(_MEMBERSHIP, (user_id, organization_id, role.value))
        await session.commit()


async def seed_project(database: Database, external_id: UUID, organization_id: OrganizationId, *, name: str) -> Project:
    """Put in a project."""
    async with database.session() as session:
        [row] = await session.write(_PROJECT, (external_id, organization_id, name))
        await session.commit()
    return Project(*row)
