from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import ActingUserRefused, Actor, Principal, ServiceActor, UserActor
from core.domain.organizations import Membership, Organization, Role, User, UserNotFound
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl, UserRequired, find_acting_user
from ports.identity import Directory


@dataclass(frozen=True, slots=True)
class OrganizationAccess:
    """An organization of a user, the user's role, and what the caller may do there for the user."""

    organization: Organization
    role: Role
    permissions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Account:
    """A user with their organizations, sorted by name."""

    user: User
    memberships: Sequence[OrganizationAccess]


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """Return the account of the calling user, with their organizations."""

    access_control: AccessControl

    async def __call__(self, actor: Actor) -> Account:
        """Return the acting user's account; raises `UserRequired` or `UserNotFound`."""
        user_actor = find_acting_user(actor)
        if user_actor is None:
            raise UserRequired(
                "This operation returns a user's own account. Call it with a user's token, or with a "
                "service token and the header `X-Acting-User`."
            )
        user = await self.access_control.directory.find_user(user_actor.external_id)
        if user is None:
            raise UserNotFound("Your account does not exist in crewkit. Sign in again.")
        memberships = await self.access_control.directory.list_memberships(user.id)
        return Account(user, [self._describe_access(actor, membership) for membership in memberships])

    def _describe_access(self, actor: Actor, membership: Membership) -> OrganizationAccess:
        permissions = self.access_control.find_permissions(actor, membership.role)
        return OrganizationAccess(membership.organization, membership.role, permissions)


@dataclass(frozen=True, slots=True)
class Identify:
    """Turn the principal of a verified token into the actor that calls use cases.

    A service may name a user it acts for. It may then do what the policy allows for both, and audit rows name
    the user. The service is trusted to have asked the user.
    """

    directory: Directory

    async def __call__(
        self, principal: Principal, *, acting_user: UUID | None = None, request_id: str | None = None
    ) -> Actor:
        """Return the actor; raises `ActingUserRefused`, or `UserNotFound` for a deleted user."""
        if principal.user_id is None:
            user = await self._get_acting_user(acting_user, request_id) if acting_user else None
            return ServiceActor(principal.service or "", principal.scopes, user, request_id)
        if acting_user is not None:
            raise ActingUserRefused(
                "A user cannot act for another user. Remove the acting user; only services can send one."
            )
        caller = await self._find_user(principal.user_id, request_id)
        if caller is None:
            raise UserNotFound("Your account does not exist in crewkit. Sign in again.")
        return caller

    async def _get_acting_user(self, user_id: UUID, request_id: str | None) -> UserActor:
        user = await self._find_user(user_id, request_id)
        if user is None:
            raise ActingUserRefused("The acting user does not exist in crewkit. Send the id of an existing user.")
        return user

    async def _find_user(self, user_id: UUID, request_id: str | None) -> UserActor | None:
        user = await self.directory.find_user(user_id)
        return UserActor(user.id, user.external_id, request_id) if user else None
