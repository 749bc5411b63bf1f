from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.links.link_changes import let_events_go, unlink
from core.use_cases.links.queries import get_link, hold_project
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnlinkRepository:
    """End a project's link, reachable or not; the events it led to stay in the ledger and in the outbox."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str, link_id: UUID | None = None
    ) -> None:
        """Unlink it, if it is the link that is named; raises `LinkReplaced` and what `ShowLink` raises."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.LINK, organization_id)
        require_supported(provider, self.providers)
        await let_events_go(self.unit_of_work, organization, project_id, provider, link_id)
        async with self.unit_of_work() as tx:
            project, _ = await hold_project(tx, organization, project_id, provider)
            known = await get_link(tx, project, provider, link_id)
            await unlink(tx, actor, known, at=self.clock.now())
            await tx.commit()
