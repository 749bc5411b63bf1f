from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.connection_views import ConnectionView, view_of
from core.use_cases.connections.person import require_person
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListConnections:
    """List how a person stands with each provider there is, connected or not."""

    unit_of_work: UnitOfWork
    providers: Collection[str]

    async def __call__(self, actor: Actor) -> Sequence[ConnectionView]:
        """Return one view per provider, by name; raises `UserRequired`."""
        person = require_person(actor)
        async with self.unit_of_work() as tx:
            known = {one.provider: one for one in await tx.connections.of_user(person.user_id)}
            return [
                view_of(name, found, await tx.connections.emails(found.id) if found else ())
                for name in sorted(self.providers)
                for found in [known.get(name)]
            ]
