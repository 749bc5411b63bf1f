from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.catalog.catalog import build_link_event
from core.domain.links.link import Link
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.domain.streams.domain_event import DomainEventType
from core.use_cases.authorization import AccessControl
from core.use_cases.links.queries import get_link, get_project, get_project_for_update
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

_BATCH_SIZE = 5000


@dataclass(frozen=True, slots=True)
class UnlinkRepository:
    """End a project's link, reachable or not; the events it led to stay in the ledger and in the outbox."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str, link_id: UUID | None = None
    ) -> None:
        """Unlink it, if it is the link that is named; raises `LinkReplaced` and what `ShowLink` raises."""
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        await detach_events(self.unit_of_work, organization, project_id, provider, link_id)
        async with self.unit_of_work() as tx:
            project, _ = await get_project_for_update(tx, organization, project_id, provider)
            known = await get_link(tx, project, provider, link_id)
            await delete_link(tx, actor, known, at=self.clock.now())
            await tx.commit()


async def detach_events(
    unit_of_work: UnitOfWork, organization: Organization, project_id: UUID, provider: str, link_id: UUID | None = None
) -> None:
    """Leave little to a link's end: a busy one has more events than one statement has time for.

    Raises `ProjectNotFound`, `ProjectNotLinked` or `LinkReplaced`.
    """
    while True:
        async with unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            known = await get_link(tx, project, provider, link_id)
            released = await tx.links.detach_events(known.id, limit=_BATCH_SIZE)
            await tx.commit()
        if released < _BATCH_SIZE:
            return


async def delete_link(tx: Transaction, actor: Actor, known: Link, *, at: datetime) -> None:
    """End a link, and tell."""
    await tx.links.apply([Change(known, None, actor)])
    await tx.domain_events.append([build_link_event(known, DomainEventType.LINK_REMOVED, at)])
