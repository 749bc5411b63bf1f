from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.catalog.catalog import build_link_event
from core.domain.catalog.repository import Repository
from core.domain.idempotency import IdempotencyKey, build_idempotent_request
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

_NO_CHOICES = LinkChoices()


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A link, and whether this request created it. Otherwise it existed with the same settings."""

    view: LinkView
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class LinkRepository:
    """Link a project to a repository of its organization's integration.

    A repeated request returns the existing link: a second click changes nothing. With `replace`, the link to
    another repository is deleted in the same transaction.
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
        choices: LinkChoices = _NO_CHOICES,
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
        request_data = {"project": project_id, "provider": provider, "repo": repo_id, **choices.to_request_data()}
        if replace:
            request_data |= {"replace": True}
            await self._detach_replaced(organization, project_id, provider, repo_id)
        request = build_idempotent_request(
            key, "link", request_data, organization_id=organization.id, actor=actor, now=now
        )
        async with self.unit_of_work() as tx:

            async def act() -> LinkResult:
                project, found_integration = await get_project_for_update(tx, organization, project_id, provider)
                existing = await tx.links.find(project.id, provider)
                if existing is not None and not (replace and existing.repo_id != repo_id):
                    same = require_same_link(existing, repo_id, choices)
                    [view] = await load_link_views(tx, actor, organization, [same], self.providers)
                    return LinkResult(view, is_new=False)
                integration = require_active(found_integration)
                repository = await get_linkable_repository(tx, integration, repo_id)
                if existing is not None:
                    await delete_link(tx, actor, existing, at=now)
                link = await create_link(tx, actor, project, integration, repository, choices=choices, at=now)
                return LinkResult(LinkView(link))

            result = await run_once(tx, request, LinkResult, act)
            await tx.commit()
        return result

    async def _detach_replaced(
        self, organization: Organization, project_id: UUID, provider: str, repo_id: RepoId
    ) -> None:
        """Detach the events of the link that this request replaces, if it does."""
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            existing = await tx.links.find(project.id, provider)
            if existing is None or existing.repo_id == repo_id:
                return
            integration = require_active(await tx.integrations.find(organization.id, provider))
            await get_linkable_repository(tx, integration, repo_id)
        await detach_events(self.unit_of_work, organization, project_id, provider)


async def get_linkable_repository(tx: Transaction, integration: Integration, repo_id: RepoId) -> Repository:
    """Return a repository that can be linked. The caller has locked the integration, so it does not change.

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
    """Create a link and record the domain event; raises `ProjectAlreadyLinked`."""
    link = build_link(
        project, integration, repository, choices, link_id=await tx.links.next_id(), external_id=uuid4(), at=at
    )
    await tx.links.apply([Change(None, link, actor)])
    await tx.domain_events.append([build_link_event(link, DomainEventType.LINK_CREATED, at)])
    stored = await tx.links.find(project.id, integration.provider)
    assert stored is not None  # it was written in this transaction
    return stored
