from datetime import datetime
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.audit.changes import Change
from core.domain.catalog.catalog import link_event
from core.domain.catalog.repository import Repository
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.choices import LinkChoices
from core.domain.links.creation import new_link, require_linkable
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project
from core.domain.streams.domain_event import DomainEventType
from core.use_cases.links.queries import get_link, get_project
from ports.unit_of_work import Transaction, UnitOfWork

_AT_ONCE = 5000


async def get_linkable(tx: Transaction, integration: Integration, repo_id: RepoId) -> Repository:
    """Return a repository of this integration, which is held, so that it stays what it is until the end.

    Raises `RepositoryNotFound` or `RepositoryArchived`.
    """
    rows = await tx.catalog.find_repositories([(integration.id, repo_id)])
    return require_linkable(rows[0] if rows else None)


async def link(
    tx: Transaction,
    actor: Actor,
    project: Project,
    integration: Integration,
    repository: Repository,
    *,
    choices: LinkChoices,
    at: datetime,
) -> Link:
    """Link them, and tell; raises `ProjectAlreadyLinked`."""
    made = new_link(
        project, integration, repository, choices, link_id=await tx.links.next_id(), external_id=uuid4(), at=at
    )
    await tx.links.apply([Change(None, made, actor)])
    await tx.domain_events.append([link_event(made, DomainEventType.LINK_CREATED, at)])
    stored = await tx.links.find(project.id, integration.provider)
    assert stored is not None  # it was written in this transaction
    return stored


async def let_events_go(
    unit_of_work: UnitOfWork, organization: Organization, project_id: UUID, provider: str, link_id: UUID | None = None
) -> None:
    """Leave little to a link's end: a busy one has more events than one statement has time for.

    Raises `ProjectNotFound`, `ProjectNotLinked` or `LinkReplaced`.
    """
    while True:
        async with unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            known = await get_link(tx, project, provider, link_id)
            released = await tx.links.release(known.id, limit=_AT_ONCE)
            await tx.commit()
        if released < _AT_ONCE:
            return


async def unlink(tx: Transaction, actor: Actor, known: Link, *, at: datetime) -> None:
    """End a link, and tell."""
    await tx.links.apply([Change(known, None, actor)])
    await tx.domain_events.append([link_event(known, DomainEventType.LINK_REMOVED, at)])
