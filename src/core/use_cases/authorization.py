from collections.abc import Collection
from functools import lru_cache
from typing import assert_never
from uuid import UUID

from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.errors import DomainError, ErrorKind
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import AccessContext, Action, ActionForbidden
from core.domain.provider import ProviderUnknown
from ports.authorizer import Authorizer
from ports.directory import Directory

# Made once each: that would cost twice what the decision does.
_OF_PEOPLE: dict[Role | None, AccessContext] = {None: AccessContext(outsider=True)}
_OF_PEOPLE |= {role: AccessContext(role) for role in Role}


class UserRequired(DomainError):
    """This operation needs a user.

    Call it with a user's token. A service token with the header `X-Acting-User` also works, but not for
    installing the app or connecting an account.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "user_required"


async def require_in(
    directory: Directory, authorizer: Authorizer, actor: Actor, action: Action, organization_id: UUID
) -> Organization:
    """Return the organization of this external id, in which the actor may do this.

    Raises `OrganizationNotFound` where there is none, and to a person who is no member of it, so that nobody
    learns which exist; `ActionForbidden` where the policy does not allow a member or a service this.
    """
    organization, _ = await allowed_in(directory, authorizer, actor, action, organization_id, besides=frozenset())
    return organization


async def allowed_in(
    directory: Directory,
    authorizer: Authorizer,
    actor: Actor,
    action: Action,
    organization_id: UUID,
    *,
    besides: Collection[Action],
) -> tuple[Organization, frozenset[Action]]:
    """Do what `require_in` does, and also return which of these other actions the actor may do there."""
    person = find_user(actor)
    place = await directory.find_organization_role(organization_id, person.user_id if person else None)
    if place is None or (person is not None and place.role is None):
        raise OrganizationNotFound(
            "The organization does not exist, or you are not a member of it. Check the organization id."
        )
    access = to_standing(actor, place.role)
    _check(authorizer, actor, action, access)
    return place.organization, frozenset(one for one in besides if authorizer.allows(access, one))


def require(authorizer: Authorizer, actor: Actor, action: Action) -> None:
    """Raise `ActionForbidden` unless the policy allows this actor this across all organizations.

    Roles and scopes count within one organization, so here only the service itself has any standing.
    """
    _check(authorizer, actor, action, AccessContext(operator=isinstance(actor, SystemActor)))


def find_user(actor: Actor) -> UserActor | None:
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


def to_standing(actor: Actor, role: Role | None) -> AccessContext:
    """Return all that counts of an actor in an organization where the acting person has this role."""
    match actor:
        case UserActor():
            return _OF_PEOPLE[role]
        case ServiceActor():
            return _of_service(actor.scopes, role if actor.acting_user else None, actor.acting_user is None)
        case SystemActor():
            return AccessContext(operator=True)
        case _:
            assert_never(actor)


@lru_cache(maxsize=1024)
def _of_service(scopes: frozenset[str], role: Role | None, alone: bool) -> AccessContext:
    return AccessContext(role, scopes, outsider=role is None and not alone)


def _check(authorizer: Authorizer, actor: Actor, action: Action, access: AccessContext) -> None:
    if not authorizer.allows(access, action):
        raise ActionForbidden(_refusal(actor))


def _refusal(actor: Actor) -> str:
    if not isinstance(actor, ServiceActor):
        return "Your role in this organization does not allow this action. Ask an owner or admin."
    if actor.acting_user is None:
        return "The service's scopes do not allow this action. Use a token with the required scope."
    return (
        "The service's scopes, or the role of the acting user, do not allow this action. Use a "
        "token with the required scope, or ask an owner or admin."
    )


def require_supported(provider: str, supported: Collection[str]) -> None:
    """Raise `ProviderUnknown`, which names those there are, unless this is one of them."""
    if provider not in supported:
        raise ProviderUnknown(f"This provider is not supported. Use one of: {', '.join(sorted(supported))}.")


def require_own(authorizer: Authorizer, actor: Actor, action: Action) -> UserActor:
    """Return the user whose accounts the actor may access with this action.

    A service acts for the user it names. Raises `UserRequired` without a user, or `ActionForbidden`.
    """
    person = actor.acting_user if isinstance(actor, ServiceActor) else actor
    if not isinstance(person, UserActor):
        raise UserRequired(
            "This operation is about a user's own accounts. Call it with a user's token, or with a service "
            "token and the header `X-Acting-User`."
        )
    scopes = actor.scopes if isinstance(actor, ServiceActor) else None
    if not authorizer.allows(AccessContext(scopes=scopes, own=True), action):
        raise ActionForbidden("The service's scopes do not allow this action. Use a token with the required scope.")
    return person
