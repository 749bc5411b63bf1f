from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.connections import ConnectionView, build_connection_view
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListConnections:
    """List a user's connections to all providers, connected or not."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(self, actor: Actor, *, provider: str | None = None) -> Sequence[ConnectionView]:
        """Return one view per provider by name, or the view of one provider.

        Raises `UserRequired`, `ActionForbidden` or `ProviderUnknown`.
        """
        user = self.access_control.require_own_accounts(actor, Action.SEE_CONNECTION, provider)
        async with self.unit_of_work() as tx:
            connections = {
                connection.provider: connection for connection in await tx.connections.list_by_user(user.user_id)
            }
            return [
                build_connection_view(
                    name, connection, await tx.connections.list_emails(connection.id) if connection else ()
                )
                for name in ([provider] if provider else sorted(self.access_control.providers))
                for connection in [connections.get(name)]
            ]
