from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.catalog.catalog import build_link_event
from core.domain.catalog.repository import Repository
from core.domain.idempotency import IdempotencyKey, build_keyed_request
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.creation import build_link, require_active, require_linkable, require_same_link
from core.domain.links.link import Link, LinkChoices, normalize_choices
from core.domain.links.views import LinkView
from core.domain.organizations import Organization, Project
from core.domain.permissions import Action
from core.domain.streams.domain_event import DomainEventType
from core.use_cases.authorization import AccessControl
from core.use_cases.idempotency import IdempotentResult, run_once
from core.use_cases.links.queries import get_project, get_project_for_update, load_link_views
from core.use_cases.links.unlink_repository import delete_link, detach_events
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

_NONE = LinkChoices()


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A link, and whether it was made just now or had been there, just as wished."""

    view: LinkView
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class LinkRepository:
    """Link a project to a repository of its organization's integration.

    Asked again for the link that is there, it answers with that link: a second click changes nothing. Asked
    to replace it, it ends the link to another repository and makes the new one, both or neither.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        project_id: UUID,
        provider: str,
        repo_id: RepoId,
        choices: LinkChoices = _NONE,
        key: IdempotencyKey | None = None,
        replace: bool = False,
    ) -> IdempotentResult[LinkResult]:
        """Return the link.

        Raises `ProjectAlreadyLinked` (to another repository, or with other settings), `RepositoryNotFound`,
        `RepositoryArchived`, `IntegrationNotActive`, `IntegrationNotFound`, `ProjectNotFound`, `LinkInvalid`,
        `ProviderUnknown`, `IdempotencyKeyReused`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        choices, now = normalize_choices(choices), self.clock.now()
        asked = {"project": project_id, "provider": provider, "repo": repo_id, **asdict(choices)}
        if replace:
            asked |= {"replace": True}
            await self._make_way(organization, project_id, provider, repo_id)
        request = build_keyed_request(key, "link", asked, organization_id=organization.id, actor=actor, now=now)
        async with self.unit_of_work() as tx:

            async def act() -> LinkResult:
                project, found = await get_project_for_update(tx, organization, project_id, provider)
                known = await tx.links.find(project.id, provider)
                if known is not None and not (replace and known.repo_id != repo_id):
                    same = require_same_link(known, repo_id, choices)
                    [view] = await load_link_views(tx, actor, organization, [same], self.providers)
                    return LinkResult(view, is_new=False)
                integration = require_active(found)
                repository = await get_linkable_repository(tx, integration, repo_id)
                if known is not None:
                    await delete_link(tx, actor, known, at=now)
                made = await create_link(tx, actor, project, integration, repository, choices=choices, at=now)
                return LinkResult(LinkView(made))

            done = await run_once(tx, request, LinkResult, act)
            await tx.commit()
        return done

    async def _make_way(self, organization: Organization, project_id: UUID, provider: str, repo_id: RepoId) -> None:
        """Let the events of a link go that is about to be replaced, unless it will not be."""
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            known = await tx.links.find(project.id, provider)
            if known is None or known.repo_id == repo_id:
                return
            integration = require_active(await tx.integrations.find(organization.id, provider))
            await get_linkable_repository(tx, integration, repo_id)
        await detach_events(self.unit_of_work, organization, project_id, provider)


async def get_linkable_repository(tx: Transaction, integration: Integration, repo_id: RepoId) -> Repository:
    """Return a repository of this integration, which is held, so that it stays what it is until the end.

    Raises `RepositoryNotFound` or `RepositoryArchived`.
    """
    rows = await tx.catalog.find_repositories([(integration.id, repo_id)])
    return require_linkable(rows[0] if rows else None)


async def create_link(
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
    made = build_link(
        project, integration, repository, choices, link_id=await tx.links.next_id(), external_id=uuid4(), at=at
    )
    await tx.links.apply([Change(None, made, actor)])
    await tx.domain_events.append([build_link_event(made, DomainEventType.LINK_CREATED, at)])
    stored = await tx.links.find(project.id, integration.provider)
    assert stored is not None  # it was written in this transaction
    return stored
