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
    """Delete a project's link. Its webhook events and domain events stay."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str, link_id: UUID | None = None
    ) -> None:
        """Delete the link, or only the link with this id; raises `LinkReplaced` and what `ShowLink` raises."""
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        await detach_events(self.unit_of_work, organization, project_id, provider, link_id)
        async with self.unit_of_work() as tx:
            project, _ = await get_project_for_update(tx, organization, project_id, provider)
            link = await get_link(tx, project, provider, link_id)
            await delete_link(tx, actor, link, at=self.clock.now())
            await tx.commit()


async def detach_events(
    unit_of_work: UnitOfWork, organization: Organization, project_id: UUID, provider: str, link_id: UUID | None = None
) -> None:
    """Detach events in batches first, so that deleting the link stays within the statement timeout.

    Raises `ProjectNotFound`, `ProjectNotLinked` or `LinkReplaced`.
    """
    while True:
        async with unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            link = await get_link(tx, project, provider, link_id)
            released = await tx.links.detach_events(link.id, limit=_BATCH_SIZE)
            await tx.commit()
        if released < _BATCH_SIZE:
            return


async def delete_link(tx: Transaction, actor: Actor, link: Link, *, at: datetime) -> None:
    """Delete a link and record the domain event."""
    await tx.links.apply([Change(link, None, actor)])
    await tx.domain_events.append([build_link_event(link, DomainEventType.LINK_REMOVED, at)])
