from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from cachetools import TTLCache

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.packed_arrays import Texts
from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Member, Membership, Organization, OrganizationRole, Role, User
from ports.identity import Directory

# A membership with a role that this service does not know is ignored.
KNOWN_ROLES = Texts([role.value for role in Role])


_USER = "SELECT id, external_id, email, name FROM users WHERE external_id = %s"
_USER_BY_ID = "SELECT id, external_id, email, name FROM users WHERE id = %s"
_ORGANIZATION = "SELECT id, external_id, name FROM organizations WHERE external_id = %s"
_ORGANIZATION_ROLE = """
    SELECT o.id, o.external_id, o.name, m.role
    FROM organizations AS o
    LEFT JOIN memberships AS m ON m.organization_id = o.id AND m.user_id = %s AND m.role = ANY(%s::text[])
    WHERE o.external_id = %s
"""
_MEMBERSHIPS = """
    SELECT o.id, o.external_id, o.name, m.user_id, m.role
    FROM memberships AS m
    JOIN organizations AS o ON o.id = m.organization_id
    WHERE m.user_id = %s AND m.role = ANY(%s::text[])
    ORDER BY o.name, o.id
"""
_MEMBER = """
    SELECT u.id, u.external_id, u.email, u.name, o.id, o.external_id, o.name, m.role
    FROM memberships AS m
    JOIN users AS u ON u.id = m.user_id
    JOIN organizations AS o ON o.id = m.organization_id
    WHERE m.organization_id = %s AND m.user_id = %s AND m.role = ANY(%s::text[])
"""
_MEMBERS = """
    SELECT u.id, u.external_id, u.email, u.name
    FROM users AS u
    JOIN memberships AS m ON m.user_id = u.id
    WHERE m.organization_id = %s AND u.external_id = ANY(%s::text[]::uuid[]) AND m.role = ANY(%s::text[])
"""


# A query for the caller is a tenth of the cost of a list. Ids are never reused, so the cache is only wrong for a
# deleted organization or user, and queries for its rows then find nothing. Memberships are never cached, and a
# deleted user has no membership.
_ORGANIZATION_SECONDS = 60.0
_USER_SECONDS = 10.0
_MAX_CACHED = 10_000


class PostgresDirectory(Directory):
    """crewkit's own tables in the same database, read only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._organizations: TTLCache[UUID, OrganizationRole] = TTLCache(_MAX_CACHED, _ORGANIZATION_SECONDS)
        self._users: TTLCache[UUID, User] = TTLCache(_MAX_CACHED, _USER_SECONDS)

    async def find_user(self, external_id: UUID) -> User | None:
        """Return a user, at most ten seconds old."""
        if cached := self._users.get(external_id):
            return cached
        async with self._database.session() as session:
            rows = await session.read(_USER, (external_id,))
        if not rows:
            return None
        user = User(*rows[0])
        self._users[external_id] = user
        return user

    async def find_user_by_id(self, user_id: UserId) -> User | None:
        """Return the user with this internal id."""
        async with self._database.session() as session:
            rows = await session.read(_USER_BY_ID, (user_id,))
        return User(*rows[0]) if rows else None

    async def find_organization(self, external_id: UUID) -> Organization | None:
        """Return an organization."""
        async with self._database.session() as session:
            rows = await session.read(_ORGANIZATION, (external_id,))
        return Organization(*rows[0]) if rows else None

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Return an organization with this user's role in one round trip. Without a user the result is cached."""
        if user_id is None and (cached := self._organizations.get(organization_id)):
            return cached
        async with self._database.session() as session:
            rows = await session.read(_ORGANIZATION_ROLE, (user_id, KNOWN_ROLES, organization_id))
        if not rows:
            return None
        *organization, role = rows[0]
        organization_role = OrganizationRole(Organization(*organization), Role(role) if role else None)
        if user_id is None:
            self._organizations[organization_id] = organization_role
        return organization_role

    async def find_member(self, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return a user with their role in an organization, in one round trip."""
        async with self._database.session() as session:
            rows = await session.read(_MEMBER, (organization_id, user_id, KNOWN_ROLES))
        if not rows:
            return None
        *names, role = rows[0]
        return Member(User(*names[:4]), Organization(*names[4:]), Role(role))

    async def find_members(self, organization_id: OrganizationId, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Return those of these users who are members of the organization."""
        external_ids = Texts([str(user_id) for user_id in user_ids])
        async with self._database.session() as session:
            rows = await session.read(_MEMBERS, (organization_id, external_ids, KNOWN_ROLES))
        return {row[1]: User(*row) for row in rows}

    async def list_memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Return a user's memberships, by organization name."""
        async with self._database.session() as session:
            rows = await session.read(_MEMBERSHIPS, (user_id, KNOWN_ROLES))
        return [Membership(Organization(*row[:3]), row[3], Role(row[4])) for row in rows]
