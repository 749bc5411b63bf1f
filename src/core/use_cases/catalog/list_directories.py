from dataclasses import dataclass, field
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.commits import Directories
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.provider_access import ProviderAccess, get_commit
from core.use_cases.catalog.queries import get_connected, get_repository
from core.use_cases.catalog.size_limited_cache import SizeLimitedCache
from core.use_cases.single_flight import SingleFlight
from ports.unit_of_work import UnitOfWork

# Paths of about 100 bytes.
_MAX_CACHED_PATHS = 100_000

_Key = tuple[IntegrationId, str, RepoId, str]


def _create_cache() -> SizeLimitedCache[_Key, Directories]:
    return SizeLimitedCache(_MAX_CACHED_PATHS, lambda directories: len(directories.paths) + 1)


@dataclass(frozen=True, slots=True)
class ListDirectories:
    """List the directories of a branch, to choose a root directory."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    access: ProviderAccess
    cache: SizeLimitedCache[_Key, Directories] = field(default_factory=_create_cache)
    in_flight: SingleFlight[_Key, Directories] = field(default_factory=SingleFlight)

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId, ref: str, text: str, limit: int
    ) -> Directories:
        """Return directories whose paths contain the text, ignoring case, the shallowest first.

        Without a ref, those of the default branch. Raises `CommitNotFound`, what `ShowRepository` raises, and errors
        of the provider.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
        sha = await get_commit(self.access, integration, repo_id, ref or repository.default_branch or "HEAD")
        directories = await self._load(integration, repo_id, sha)
        lowered = text.lower()
        paths = [path for path in directories.paths if lowered in path.lower()]
        paths.sort(key=lambda path: (path.count("/"), path))
        return Directories(paths[:limit], directories.is_complete and len(paths) <= limit)

    async def _load(self, integration: Integration, repo_id: RepoId, sha: str) -> Directories:
        key = integration.id, integration.provider_id, repo_id, sha
        return self.cache.find(key) or await self.in_flight.share(key, lambda: self._fetch(integration, key))

    async def _fetch(self, integration: Integration, key: _Key) -> Directories:
        _, _, repo_id, sha = key
        directories = await self.access(
            integration, lambda provider, access: provider.list_directories(access, repo_id, sha)
        )
        self.cache.store(key, directories)
        return directories
