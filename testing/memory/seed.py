"""Put rows into crewkit's tables, for tests. A row with this external id is brought to what is given."""

from uuid import UUID

from core.domain.identifiers import OrganizationId, ProjectId, UserId
from core.domain.organizations import Organization, Project, Role, User
from testing.memory.database import MemoryDatabase


async def seed_organization(database: MemoryDatabase, external_id: UUID, *, name: str) -> Organization:
    """Put in an organization."""
    async with database.session() as session:
        rows = (await session.writable()).organizations
        known = next((row.id for row in rows.values() if row.external_id == external_id), None)
        organization = Organization(known or OrganizationId(next(database.ids)), external_id, name)
        rows[organization.id] = organization
        session.commit()
    return organization


async def seed_user(database: MemoryDatabase, external_id: UUID, *, email: str, name: str | None = None) -> User:
    """Put in a user."""
    async with database.session() as session:
        rows = (await session.writable()).users
        known = next((row.id for row in rows.values() if row.external_id == external_id), None)
        user = User(known or UserId(next(database.ids)), external_id, email, name)
        rows[user.id] = user
        session.commit()
    return user


async def seed_membership(
    database: MemoryDatabase, user_id: UserId, organization_id: OrganizationId, *, role: Role
) -> None:
    """Give a user a role in an organization."""
    async with database.session() as session:
        (await session.writable()).memberships[user_id, organization_id] = role
        session.commit()


async def seed_project(
    database: MemoryDatabase, external_id: UUID, organization_id: OrganizationId, *, name: str
) -> Project:
    """Put in a project."""
    async with database.session() as session:
        rows = (await session.writable()).projects
        known = next((row for row in rows.values() if row.external_id == external_id), None)
        project = Project(
            known.id if known else ProjectId(next(database.ids)),
            external_id,
            organization_id,
            name,
            known.created_at if known else database.now(),
        )
        rows[project.id] = project
        session.commit()
    return project
