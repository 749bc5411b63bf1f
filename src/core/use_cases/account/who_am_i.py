from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.actors import Actor, ServiceActor, UserActor
from core.domain.errors import DomainError, ErrorKind
from core.domain.organizations import Membership, User, UserNotFound
from ports.directory import Directory


class UserRequired(DomainError):
    """This operation needs a user.

    Call it with a user's token. A service token with the header `X-Acting-User` also works, but not for
    installing the app or connecting an account.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "user_required"


@dataclass(frozen=True, slots=True)
class Account:
    """A person with their role in each of their organizations, by organization name."""

    user: User
    memberships: Sequence[Membership]


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """Tell the caller who they are and where they belong."""

    directory: Directory

    async def __call__(self, actor: Actor) -> Account:
        """Return the acting user's account; raises `UserRequired` or `UserNotFound`."""
        person = actor.acting_user if isinstance(actor, ServiceActor) else actor
        if not isinstance(person, UserActor):
            raise UserRequired(
                "This operation returns a user's own account. Call it with a user's token, or with a "
                "service token and the header `X-Acting-User`."
            )
        user = await self.directory.find_user(person.external_id)
        if user is None:
            raise UserNotFound("Your account does not exist in crewkit. Sign in again.")
        return Account(user, await self.directory.memberships(user.id))
