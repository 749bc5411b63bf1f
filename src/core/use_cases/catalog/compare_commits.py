from dataclasses import dataclass, field, replace
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.commits import Comparison
from core.domain.catalog.repository import Repository
from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.provider_access import ProviderAccess, get_commit
from core.use_cases.catalog.queries import get_connected, get_repository
from core.use_cases.catalog.size_limited_cache import SizeLimitedCache
from core.use_cases.links.queries import get_link, get_project
from core.use_cases.single_flight import SingleFlight
from ports.unit_of_work import UnitOfWork

# Paths of about 100 bytes.
_MAX_CACHED_PATHS = 200_000
# A response must fit into a gRPC message of 4 MB.
_MAX_PATHS = 10_000
_MAX_CHARACTERS = 900_000

_Key = tuple[IntegrationId, str, RepoId, str, str, bool]


ComparisonCache = SizeLimitedCache[_Key, ChangedFiles]


def create_comparison_cache() -> ComparisonCache:
    """Return an empty cache of changed files, which never change between two commits."""
    return SizeLimitedCache(_MAX_CACHED_PATHS, lambda files: len(files.paths) + 1)


@dataclass(frozen=True, slots=True)
class CompareCommits:
    """Find the files that differ between two commits. Does not check permissions."""

    access: ProviderAccess
    cache: ComparisonCache = field(default_factory=create_comparison_cache)
    in_flight: SingleFlight[_Key, ChangedFiles] = field(default_factory=SingleFlight)

    async def __call__(
        self, integration: Integration, repository: Repository, *, base: str, head: str, from_merge_base: bool = False
    ) -> Comparison:
        """Return all changed files between two branches, tags or commits.

        With `from_merge_base`, the files that differ between the head and its newest common ancestor with the base.
        Raises `CommitNotFound` and errors of the provider.
        """
        repo_id = repository.repo_id
        base_sha = await get_commit(self.access, integration, repo_id, base)
        head_sha = await get_commit(self.access, integration, repo_id, head)
        key = integration.id, integration.provider_id, repo_id, base_sha, head_sha, from_merge_base
        files = self.cache.find(key) or await self.in_flight.share(key, lambda: self._fetch(integration, key))
        return Comparison(base_sha, head_sha, files)

    async def _fetch(self, integration: Integration, key: _Key) -> ChangedFiles:
        _, _, repo_id, base, head, from_merge_base = key
        files = await self.access(
            integration,
            lambda provider, access: provider.compare_commits(
                access, repo_id, base=base, head=head, from_merge_base=from_merge_base
            ),
        )
        self.cache.store(key, files)
        return files


@dataclass(frozen=True, slots=True)
class ListChangedFiles:
    """List the files that differ between two commits of a project's repository."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    compare_commits: CompareCommits

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        project_id: UUID,
        provider: str,
        base: str,
        head: str,
        from_merge_base: bool,
    ) -> Comparison:
        """Return the changed files, at most the first 10,000 paths.

        Raises `ProjectNotFound`, `ProjectNotLinked`, `RepositoryNotFound` if the integration has no access to the
        repository, and what `CompareCommits` raises.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            link = await get_link(tx, project, provider)
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, link.repo_id)
        comparison = await self.compare_commits(
            integration, repository, base=base, head=head, from_merge_base=from_merge_base
        )
        files = comparison.files.shorten(max_paths=_MAX_PATHS, max_characters=_MAX_CHARACTERS)
        return replace(comparison, files=files)
