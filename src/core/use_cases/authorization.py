from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never
from uuid import UUID

from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.errors import DomainError, ErrorKind
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import AccessContext, Action, ActionForbidden
from core.domain.provider_errors import ProviderUnknown
from ports.identity import Authorizer, Directory

# Created once: creating a context takes twice as long as the decision.
_CONTEXTS_OF_USERS: dict[Role | None, AccessContext] = {None: AccessContext(outsider=True)}
_CONTEXTS_OF_USERS |= {role: AccessContext(role) for role in Role}


class UserRequired(DomainError):
    """This operation needs a user.

    Call it with a user's token. A service token with the header `X-Acting-User` also works, but not for
    installing the app or connecting an account.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "user_required"


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Check what an actor may do in an organization. Every use case that an actor calls starts here."""

    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]

    async def require(
        self, actor: Actor, action: Action, organization_id: UUID, provider: str | None = None
    ) -> Organization:
        """Return the organization with this external id, in which the actor may do the action.

        Raises `OrganizationNotFound` if it does not exist, and also to a user who is not a member, so that
        nobody learns which organizations exist. Raises `ActionForbidden` if the policy does not allow the
        action, and `ProviderUnknown`.
        """
        organization, _ = await self._authorize(actor, action, organization_id)
        if provider is not None:
            require_supported(provider, self.providers)
        return organization

    async def require_and_check(
        self, actor: Actor, action: Action, organization_id: UUID, optional: Action
    ) -> tuple[Organization, bool]:
        """Return the organization like `require`, and whether the actor may also do the optional action."""
        organization, context = await self._authorize(actor, action, organization_id)
        return organization, self.authorizer.allows(context, optional)

    def require_everywhere(self, actor: Actor, action: Action) -> None:
        """Raise `ActionForbidden` unless the actor may do the action in all organizations together.

        Roles and scopes count in one organization at a time, so only operators and this service may.
        """
        self._check(actor, action, AccessContext(operator=isinstance(actor, SystemActor)))

    def find_permissions(self, actor: Actor, role: Role | None) -> list[Action]:
        """Return what an actor may do in an organization where the acting user has this role."""
        context = to_access_context(actor, role)
        return [action for action in Action if self.authorizer.allows(context, action)]

    def require_own_accounts(self, actor: Actor, action: Action, provider: str | None = None) -> UserActor:
        """Return the user whose accounts at providers the actor may access with this action.

        A service acts for the user it names. Raises `UserRequired` without a user, `ActionForbidden` or
        `ProviderUnknown`.
        """
        user = find_acting_user(actor)
        if user is None:
            raise UserRequired(
                "This operation is about a user's own accounts. Call it with a user's token, or with a service "
                "token and the header `X-Acting-User`."
            )
        scopes = actor.scopes if isinstance(actor, ServiceActor) else None
        if not self.authorizer.allows(AccessContext(scopes=scopes, own=True), action):
            raise ActionForbidden("The service's scopes do not allow this action. Use a token with the required scope.")
        if provider is not None:
            require_supported(provider, self.providers)
        return user

    async def _authorize(
        self, actor: Actor, action: Action, organization_id: UUID
    ) -> tuple[Organization, AccessContext]:
        user = find_acting_user(actor)
        membership = await self.directory.find_organization_role(organization_id, user.user_id if user else None)
        if membership is None or (user is not None and membership.role is None):
            raise OrganizationNotFound(
                "The organization does not exist, or you are not a member of it. Check the organization id."
            )
        context = to_access_context(actor, membership.role)
        self._check(actor, action, context)
        return membership.organization, context

    def _check(self, actor: Actor, action: Action, context: AccessContext) -> None:
        if not self.authorizer.allows(context, action):
            raise ActionForbidden(_describe_refusal(actor))


def require_supported(provider: str, supported: Collection[str]) -> None:
    """Raise `ProviderUnknown`, which names the supported providers, unless the provider is one of them."""
    if provider not in supported:
        raise ProviderUnknown(f"This provider is not supported. Use one of: {', '.join(sorted(supported))}.")


def find_acting_user(actor: Actor) -> UserActor | None:
    """Return the acting user, or None."""
    match actor:
        case UserActor():
            return actor
        case ServiceActor():
            return actor.acting_user
        case SystemActor():
            return None
        case _:
            assert_never(actor)


def to_access_context(actor: Actor, role: Role | None) -> AccessContext:
    """Return the facts about an actor that decide, in an organization where the acting user has this role."""
    match actor:
        case UserActor():
            return _CONTEXTS_OF_USERS[role]
        case ServiceActor():
            return _to_service_context(actor.scopes, role if actor.acting_user else None, actor.acting_user is None)
        case SystemActor():
            return AccessContext(operator=True)
        case _:
            assert_never(actor)


@lru_cache(maxsize=1024)
def _to_service_context(scopes: frozenset[str], role: Role | None, is_alone: bool) -> AccessContext:
    return AccessContext(role, scopes, outsider=role is None and not is_alone)


def _describe_refusal(actor: Actor) -> str:
    if not isinstance(actor, ServiceActor):
        return "Your role in this organization does not allow this action. Ask an owner or admin."
    if actor.acting_user is None:
        return "The service's scopes do not allow this action. Use a token with the required scope."
    return (
        "The service's scopes, or the role of the acting user, do not allow this action. Use a "
        "token with the required scope, or ask an owner or admin."
    )
