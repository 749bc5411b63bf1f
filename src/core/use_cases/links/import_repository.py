from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.idempotency import IdempotencyKey, build_idempotent_request
from core.domain.identifiers import RepoId
from core.domain.links.creation import require_active
from core.domain.links.link import LinkChoices, normalize_choices
from core.domain.links.views import LinkView, ProjectView
from core.domain.organizations import Project, choose_project_name
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.idempotency import IdempotentResult, run_once
from core.use_cases.links.link_repository import create_link, get_linkable_repository
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_NO_CHOICES = LinkChoices()


@dataclass(frozen=True, slots=True)
class ImportRepository:
    """Create a project with a link to a repository, in one transaction."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        repo_id: RepoId,
        name: str | None = None,
        choices: LinkChoices = _NO_CHOICES,
        key: IdempotencyKey | None = None,
    ) -> IdempotentResult[ProjectView]:
        """Return the new project with its link. The default name is the name of the repository.

        Raises `ProjectNameTaken`, `ProjectNameInvalid`, `RepositoryNotFound`, `RepositoryArchived`,
        `IntegrationNotActive`, `IntegrationNotFound`, `LinkInvalid`, `ProviderUnknown`,
        `IdempotencyKeyReused`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        choices, now = normalize_choices(choices), self.clock.now()
        request_data = {"provider": provider, "repo": repo_id, "name": name, **choices.to_request_data()}
        request = build_idempotent_request(
            key, "import", request_data, organization_id=organization.id, actor=actor, now=now
        )
        async with self.unit_of_work() as tx:

            async def act() -> ProjectView:
                integration = require_active(await tx.integrations.get_for_update(organization.id, provider))
                repository = await get_linkable_repository(tx, integration, repo_id)
                project = Project(
                    id=await tx.projects.next_id(),
                    external_id=uuid4(),
                    organization_id=organization.id,
                    name=choose_project_name(name, repository),
                    created_at=now,
                )
                await tx.projects.add(project, actor)
                link = await create_link(tx, actor, project, integration, repository, choices=choices, at=now)
                return ProjectView(project, [LinkView(link)])

            result = await run_once(tx, request, ProjectView, act)
            await tx.commit()
        return result
