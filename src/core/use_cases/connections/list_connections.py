from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.connections.views import ConnectionView, build_connection_view
from core.domain.permissions import Action
from core.use_cases.authorization import require_own, require_supported
from ports.authorizer import Authorizer
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListConnections:
    """List a user's connections to all providers, connected or not."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    providers: Collection[str]

    async def __call__(self, actor: Actor, *, provider: str | None = None) -> Sequence[ConnectionView]:
        """Return one view per provider by name, or the view of one provider.

        Raises `UserRequired`, `ActionForbidden` or `ProviderUnknown`.
        """
        person = require_own(self.authorizer, actor, Action.SEE_CONNECTION)
        if provider is not None:
            require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            known = {one.provider: one for one in await tx.connections.list_by_user(person.user_id)}
            return [
                build_connection_view(name, found, await tx.connections.list_emails(found.id) if found else ())
                for name in ([provider] if provider else sorted(self.providers))
                for found in [known.get(name)]
            ]
