from typing import assert_never
from uuid import UUID

from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import Action, ActionForbidden, Standing
from ports.authorizer import Authorizer
from ports.directory import Directory


async def require_in(
    directory: Directory, authorizer: Authorizer, actor: Actor, action: Action, organization_id: UUID
) -> Organization:
    """Return the organization of this external id, in which the actor may do this.

    Raises `OrganizationNotFound` where there is none, and to a person who is no member of it, so that nobody
    learns which exist; `ActionForbidden` where the policy does not allow a member or a service this.
    """
    person = _person(actor)
    place = await directory.find_place(organization_id, person.user_id if person else None)
    if place is None or (person is not None and place.role is None):
        raise OrganizationNotFound("There is no such organization, or you are not a member of it.")
    _check(authorizer, actor, action, _standing(actor, place.role))
    return place.organization


def require(authorizer: Authorizer, actor: Actor, action: Action) -> None:
    """Raise `ActionForbidden` unless the policy allows this actor this across all organizations.

    Roles and scopes count within one organization, so here only the service itself has any standing.
    """
    _check(authorizer, actor, action, Standing(operator=isinstance(actor, SystemActor)))


def _person(actor: Actor) -> UserActor | None:
    match actor:
        case UserActor():
            return actor
        case ServiceActor():
            return actor.acting_user
        case SystemActor():
            return None
        case _:
            assert_never(actor)


def _standing(actor: Actor, role: Role | None) -> Standing:
    if isinstance(actor, SystemActor):
        return Standing(operator=True)
    person = _person(actor)
    return Standing(
        role=role if person else None,
        scopes=actor.scopes if isinstance(actor, ServiceActor) else None,
        outsider=person is not None and role is None,
    )


def _check(authorizer: Authorizer, actor: Actor, action: Action, standing: Standing) -> None:
    if not authorizer.allows(standing, action):
        raise ActionForbidden(_refusal(actor))


def _refusal(actor: Actor) -> str:
    if not isinstance(actor, ServiceActor):
        return "Your role in this organization does not allow this; ask an owner or admin."
    if actor.acting_user is None:
        return "The scopes of this service do not allow this."
    return "The scopes of this service, or the role of the user it acts for, do not allow this."
