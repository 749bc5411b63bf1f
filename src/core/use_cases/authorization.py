from core.domain.actors import Actor, ServiceActor, SystemActor
from core.domain.organizations import Membership
from core.domain.permissions import Action, ActionForbidden, Standing
from ports.authorizer import Authorizer


def require(
    authorizer: Authorizer, actor: Actor, action: Action, membership: Membership | None = None
) -> None:
    """Raise `ActionForbidden` unless the policy allows this actor this action.

    `membership` is the acting person's in the organization concerned, loaded before.
    """
    if not authorizer.allows(_standing(actor, membership), action):
        raise ActionForbidden("Your role in this organization does not allow this; ask an owner or admin.")


def _standing(actor: Actor, membership: Membership | None) -> Standing:
    role = membership.role if membership else None
    if isinstance(actor, SystemActor):
        return Standing(operator=True)
    if isinstance(actor, ServiceActor):
        return Standing(role, actor.scopes)
    return Standing(role)
