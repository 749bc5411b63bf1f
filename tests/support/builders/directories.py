from uuid import UUID

from core.domain.identifiers import UserId
from core.domain.organizations import OrganizationRole, User
from testing.memory.database import MemoryDatabase
from testing.memory.directory import MemoryDirectory
from testing.memory.failing import Failing


class FailingDirectory(Failing, MemoryDirectory):
    """A directory whose answers about who asks, and for which organization, a test may hold up."""

    def __init__(self, database: MemoryDatabase) -> None:
        Failing.__init__(self)
        MemoryDirectory.__init__(self, database)

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Return an organization with this user's role in it."""
        await self._meet("find_place")
        return await MemoryDirectory.find_organization_role(self, organization_id, user_id)

    async def find_user(self, external_id: UUID) -> User | None:
        """Return the user of a token, or the one a service acts for."""
        await self._meet("find_user")
        return await MemoryDirectory.find_user(self, external_id)
