"""crewkit's organizations and users, and what they may do."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from core.domain.actors import Principal
from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Member, Membership, Organization, OrganizationRole, User
from core.domain.permissions import AccessContext, Action


class Directory(Protocol):
    """crewkit's organizations, users and memberships. crewkit owns them, so this port only reads them.

    A membership with a role that this service does not know counts as no membership.
    """

    async def find_user(self, external_id: UUID) -> User | None:
        """Return the user, or None."""

    async def find_user_by_id(self, user_id: UserId) -> User | None:
        """Return the user with this stored row id, or None."""

    async def find_organization(self, external_id: UUID) -> Organization | None:
        """Return the organization, or None."""

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Return an organization, by its external id, with this user's role, in one query.

        None if the organization does not exist. The role is None without a user or membership.
        """

    async def find_member(self, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return the user of these stored row ids with their current role, or None if they are not a member."""

    async def find_members(self, organization_id: OrganizationId, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Return those of these users, by external id, who are members of the organization."""

    async def list_memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Return a user's memberships, by organization name."""


class Authorizer(Protocol):
    """Decides which actions a caller may perform. A pure function of its arguments, so results may be cached."""

    def allows(self, access: AccessContext, action: Action) -> bool:
        """Return whether a caller with this access may perform this action."""


class TokenVerifier(Protocol):
    """Verifies crewkit's access tokens."""

    async def verify(self, token: str) -> Principal:
        """Return the caller that a token identifies; raises `TokenRefused` or `KeysUnavailable`.

        Signature, algorithm, issuer, audience and expiry are checked. A verified token may be cached until it
        expires.
        """
