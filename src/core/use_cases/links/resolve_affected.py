from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.commits import Comparison
from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.permissions import Action
from core.domain.rules.affected import AffectedProject, ChangeInvalid, find_affected
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.compare_commits import CompareCommits
from core.use_cases.catalog.queries import get_connected, get_repository
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AffectedProjects:
    """The projects that a change touches. `comparison` is set if the change was named by two commits."""

    projects: Sequence[AffectedProject]
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class ResolveAffectedProjects:
    """Find the projects of a repository that a change of files touches."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    compare_commits: CompareCommits

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        repo_id: RepoId,
        paths: Sequence[str] | None = None,
        commits: tuple[str, str] | None = None,
        from_merge_base: bool = False,
    ) -> AffectedProjects:
        """Return the projects that these changed paths touch, or the files that differ between a base and a head.

        The oldest link is first. Raises `ChangeInvalid`, `RepositoryNotFound`, `IntegrationNotFound`,
        `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`, and for commits what `CompareCommits` raises.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        if (paths is None) == (commits is None) or (commits and not all(commits)):
            raise ChangeInvalid("Pass either `paths`, or `base` and `head`.")
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
            links = await tx.links.list_by_repositories([(integration.id, repo_id)])
        if commits is None:
            return AffectedProjects(find_affected(links, ChangedFiles.of(paths or (), complete=True)))
        base, head = commits
        comparison = await self.compare_commits(
            integration, repository, base=base, head=head, from_merge_base=from_merge_base
        )
        return AffectedProjects(find_affected(links, comparison.files), comparison)
