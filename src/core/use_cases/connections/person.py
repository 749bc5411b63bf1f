from core.domain.actors import Actor, UserActor
from core.use_cases.account.who_am_i import UserRequired


def require_person(actor: Actor) -> UserActor:
    """Return the person who calls: a connection is theirs alone, and no service acts in it for them."""
    if not isinstance(actor, UserActor):
        raise UserRequired("This is about a person's own account: call it with a user's token.")
    return actor
