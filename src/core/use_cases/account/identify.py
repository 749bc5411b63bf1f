from dataclasses import dataclass

from core.domain.actors import Actor, ServiceActor, UserActor
from core.domain.organizations import UserNotFound
from core.domain.principals import Principal
from ports.directory import Directory


@dataclass(frozen=True, slots=True)
class Identify:
    """Turn the principal of a verified token into the actor every other use case is called with."""

    directory: Directory

    async def __call__(self, principal: Principal, *, request_id: str | None = None) -> Actor:
        """Return the actor; raises `UserNotFound` for a user crewkit no longer has."""
        if principal.user_id is None:
            return ServiceActor(principal.service or "", principal.scopes, request_id=request_id)
        user = await self.directory.find_user(principal.user_id)
        if user is None:
            raise UserNotFound("Sign in again: this account is not known here.")
        return UserActor(user.id, user.external_id, request_id)
