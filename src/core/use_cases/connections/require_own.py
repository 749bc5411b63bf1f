from core.domain.actors import Actor, ServiceActor, UserActor
from core.domain.permissions import Action, ActionForbidden, Standing
from core.use_cases.account.who_am_i import UserRequired
from ports.authorizer import Authorizer


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
    if not authorizer.allows(Standing(scopes=scopes, own=True), action):
        raise ActionForbidden("The service's scopes do not allow this action. Use a token with the required scope.")
    return person
