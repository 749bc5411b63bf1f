from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Member, Membership, Organization, OrganizationRole, User
from ports.identity import Directory
from testing.memory.database import MemoryDatabase


class MemoryDirectory(Directory):
    """crewkit's organizations, users and memberships in memory; `seed` puts them in."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find_user(self, external_id: UUID) -> User | None:
        """Return a user."""
        async with self._database.session() as session:
            users = session.state.users.values()
            return next((user for user in users if user.external_id == external_id), None)

    async def find_user_by_id(self, user_id: UserId) -> User | None:
        """Return a user whose id was kept."""
        async with self._database.session() as session:
            return session.state.users.get(user_id)

    async def find_organization(self, external_id: UUID) -> Organization | None:
        """Return an organization."""
        async with self._database.session() as session:
            organizations = session.state.organizations.values()
            return next((known for known in organizations if known.external_id == external_id), None)

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Return an organization with this user's role in it."""
        organization = await self.find_organization(organization_id)
        if organization is None:
            return None
        async with self._database.session() as session:
            memberships = session.state.memberships
            role = memberships.get((user_id, organization.id)) if user_id is not None else None
        return OrganizationRole(organization, role)

    async def find_member(self, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return someone with their role in an organization."""
        async with self._database.session() as session:
            state = session.state
            role = state.memberships.get((user_id, organization_id))
            user, organization = state.users.get(user_id), state.organizations.get(organization_id)
        return Member(user, organization, role) if user and organization and role else None

    async def find_members(self, organization_id: OrganizationId, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Return those of these people who are members of an organization."""
        async with self._database.session() as session:
            state = session.state
            return {
                user.external_id: user
                for user in state.users.values()
                if user.external_id in user_ids and (user.id, organization_id) in state.memberships
            }

    async def list_memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Return a user's memberships, by organization name."""
        async with self._database.session() as session:
            state = session.state
            found = [
                Membership(state.organizations[organization_id], member_id, role)
                for (member_id, organization_id), role in state.memberships.items()
                if member_id == user_id
            ]
        return sorted(found, key=lambda found: (found.organization.name, found.organization.id))
