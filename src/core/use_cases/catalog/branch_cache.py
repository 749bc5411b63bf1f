import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.catalog.branches import KnownBranches
from core.domain.catalog.repository import Repository
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.use_cases.catalog.provider_access import ProviderAccess
from core.use_cases.catalog.size_limited_cache import SizeLimitedCache
from core.use_cases.single_flight import SingleFlight
from ports.system import Clock

_RepositoryKey = tuple[IntegrationId, str, RepoId]

# A branch takes about 200 bytes.
_MAX_CACHED = 50_000


class BranchCache:
    """The branches that this process read recently."""

    def __init__(self, max_branches: int = _MAX_CACHED) -> None:
        # A repository without branches needs memory too.
        self._cache: SizeLimitedCache[_RepositoryKey, KnownBranches] = SizeLimitedCache(
            max_branches, lambda known: len(known.branches) + 1
        )

    def find(self, integration: Integration, repo_id: RepoId) -> KnownBranches | None:
        """Return the cached branches, however old."""
        return self._cache.find(_key(integration, repo_id))

    def store(self, integration: Integration, repo_id: RepoId, branches: KnownBranches) -> None:
        """Cache the branches of a repository."""
        self._cache.store(_key(integration, repo_id), branches)


def _key(integration: Integration, repo_id: RepoId) -> _RepositoryKey:
    return integration.id, integration.provider_id, repo_id


# A hundred requests to the provider.
_MAX_BRANCHES = 10_000
# Reading so many branches is expensive. In the meantime, a search finds a new branch by its prefix.
_MAX_AGE = timedelta(minutes=5)
# The user is typing: a later request finds the branches that were read in the meantime.
_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class AllBranches:
    """All branches of repositories with many branches, so that a search finds any part of a name.

    They are read in the background when a search first needs them, once for all callers, and cached.
    """

    access: ProviderAccess
    clock: Clock
    cache: BranchCache = field(default_factory=BranchCache)
    in_flight: SingleFlight[tuple[IntegrationId, str, RepoId], KnownBranches] = field(default_factory=SingleFlight)
    wait_seconds: float = _WAIT_SECONDS

    async def find(self, integration: Integration, repository: Repository) -> KnownBranches | None:
        """Return at most ten thousand branches, or None while they are read for the first time.

        Raises errors of the provider.
        """
        cached = self.cache.find(integration, repository.repo_id)
        if cached is not None and self.clock.now() - cached.fetched_at < _MAX_AGE:
            return cached
        key = integration.id, integration.provider_id, repository.repo_id
        try:
            async with asyncio.timeout(self.wait_seconds):
                return await self.in_flight.share(key, lambda: self._read(integration, repository))
        except TimeoutError:
            return cached

    async def _read(self, integration: Integration, repository: Repository) -> KnownBranches:
        fetched_at = self.clock.now()
        branches = await self.access(
            integration,
            lambda provider, access: provider.list_branches(access, repository.repo_id, prefix="", limit=_MAX_BRANCHES),
        )
        complete = KnownBranches(branches, len(branches) < _MAX_BRANCHES, fetched_at)
        self.cache.store(integration, repository.repo_id, complete)
        return complete
