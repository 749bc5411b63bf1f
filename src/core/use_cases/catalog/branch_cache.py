import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.catalog.branches import KnownBranches
from core.domain.catalog.repository import Repository
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.use_cases.catalog.provider_access import ProviderAccess
from core.use_cases.single_flight import SingleFlight
from ports.system import Clock

_RepositoryKey = tuple[IntegrationId, str, RepoId]

# A branch takes about 200 bytes.
_MAX_CACHED = 50_000


class BranchCache:
    """The branches that this process was told of lately; the longest unused make place for others.

    Kept by installation: what one was shown is not for another that the same organization connects later.
    """

    def __init__(self, most: int = _MAX_CACHED) -> None:
        self._most = most
        self._kept: OrderedDict[_RepositoryKey, KnownBranches] = OrderedDict()
        self._size = 0

    def find(self, integration: Integration, repo_id: RepoId) -> KnownBranches | None:
        """Return what was kept last, however old."""
        key = _key(integration, repo_id)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        return known

    def keep(self, integration: Integration, repo_id: RepoId, known: KnownBranches) -> None:
        """Keep this instead of what was known before."""
        key = _key(integration, repo_id)
        self._drop(self._kept.pop(key, None))
        self._kept[key] = known
        self._size += _weight(known)
        while self._size > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._drop(oldest)

    def _drop(self, known: KnownBranches | None) -> None:
        self._size -= _weight(known) if known else 0


def _key(integration: Integration, repo_id: RepoId) -> _RepositoryKey:
    return integration.id, integration.provider_id, repo_id


def _weight(known: KnownBranches) -> int:
    # A repository without a branch takes room, too.
    return len(known.branches) + 1


# A hundred requests to the provider.
_MAX_BRANCHES = 10_000
# Reading so many branches is repeated rarely; meanwhile a new branch is found by its beginning.
_FRESH = timedelta(minutes=5)
# The person keeps typing: the next request finds the branches read by then.
_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class AllBranches:
    """The branches of repositories that have more than a list shows, so that a search finds them by any part.

    Read in the background when a search first needs them, once for all who search, and kept for a while.
    """

    access: ProviderAccess
    clock: Clock
    memory: BranchCache = field(default_factory=BranchCache)
    in_flight: SingleFlight[tuple[IntegrationId, str, RepoId], KnownBranches] = field(default_factory=SingleFlight)
    wait_seconds: float = _WAIT_SECONDS

    async def find(self, integration: Integration, repository: Repository) -> KnownBranches | None:
        """Return the branches, ten thousand at most; None while they are read for the first time.

        Raises what the provider raises.
        """
        known = self.memory.find(integration, repository.repo_id)
        if known is not None and self.clock.now() - known.fetched_at < _FRESH:
            return known
        flight = integration.id, integration.provider_id, repository.repo_id
        try:
            async with asyncio.timeout(self.wait_seconds):
                return await self.in_flight.share(flight, lambda: self._read(integration, repository))
        except TimeoutError:
            return known

    async def _read(self, integration: Integration, repository: Repository) -> KnownBranches:
        fetched_at = self.clock.now()
        branches = await self.access(
            integration,
            lambda provider, access: provider.list_branches(access, repository.repo_id, prefix="", limit=_MAX_BRANCHES),
        )
        known = KnownBranches(branches, len(branches) < _MAX_BRANCHES, fetched_at)
        self.memory.keep(integration, repository.repo_id, known)
        return known
