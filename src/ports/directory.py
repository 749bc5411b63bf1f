from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Member, Membership, Organization, OrganizationRole, User


class Directory(Protocol):
    """crewkit's organizations, users and memberships. crewkit owns them; this is the only way to them."""

    async def find_user(self, external_id: UUID) -> User | None:
        """Return a user."""

    async def find_user_by_id(self, user_id: UserId) -> User | None:
        """Return a user whose id was kept."""

    async def find_organization(self, external_id: UUID) -> Organization | None:
        """Return an organization."""

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Return an organization, by its external id, with this user's role in it, at once.

        None where there is no such organization. Nobody has no role, and neither has a role we do not know.
        """

    async def find_member(self, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return someone whose ids were kept, with their role in an organization now.

        None where they are no member of it, or have a role we do not know.
        """

    async def find_members(self, organization_id: OrganizationId, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Return those of these people, by external id, who are members of an organization."""

    async def list_memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Return a user's memberships, by organization name."""
