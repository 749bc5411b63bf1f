from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog import link_event
from core.domain.changes import Change
from core.domain.domain_events import DomainEventType
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.projects.reading import get_link, get_project, hold_project
from core.use_cases.supported import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class UnlinkRepository:
    """End a project's link, reachable or not; the events it led to stay in the ledger and in the outbox."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str) -> None:
        """Unlink it; raises what `ShowLink` raises."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.LINK, organization_id)
        require_supported(provider, self.providers)
        await self._let_events_go(organization, project_id, provider)
        async with self.unit_of_work() as tx:
            project, _ = await hold_project(tx, organization, project_id, provider)
            known = await get_link(tx, project, provider)
            await tx.links.apply([Change(known, None, actor)])
            removed = link_event(known, DomainEventType.LINK_REMOVED, self.clock.now())
            await tx.domain_events.append([removed])
            await tx.commit()

    async def _let_events_go(self, organization: Organization, project_id: UUID, provider: str) -> None:
        """Leave little to the deletion: a busy link has more events than one statement has time for."""
        while True:
            async with self.unit_of_work() as tx:
                project = await get_project(tx, organization, project_id)
                link = await get_link(tx, project, provider)
                released = await tx.links.release(link.id, limit=_AT_ONCE)
                await tx.commit()
            if released < _AT_ONCE:
                return
