from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.branches import Branch, KnownBranches, branches_after, filter_branches, sort_branches
from core.domain.catalog.repository import Repository
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.permissions import Action
from core.domain.provider_errors import AppRefused, ProviderUnavailable, RateLimited
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.branch_cache import AllBranches, BranchCache
from core.use_cases.catalog.provider_access import ProviderAccess
from core.use_cases.catalog.queries import get_connected, get_repository
from core.use_cases.single_flight import SingleFlight
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_MAX_AGE = timedelta(seconds=30)
# Ten pages at the provider. A search reads more branches.
_MAX_LISTED = 1000
_MAX_WITH_PREFIX = 100

# These errors do not concern the repository, so cached branches are returned.
_PROVIDER_UNAVAILABLE = (ProviderUnavailable, RateLimited, AppRefused)


@dataclass(frozen=True, slots=True)
class BranchPage:
    """One page of branches; `next` is the name after which the following page begins.

    With `is_stale`, the provider does not respond and the branches are from `fetched_at`. Without `is_complete`,
    the repository has more branches than were read; a search reads more of them.
    """

    branches: Sequence[Branch]
    default_branch: str | None
    next: str | None
    fetched_at: datetime
    is_stale: bool
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ListBranches:
    """List or search a repository's branches, from the provider, the default branch first."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    access: ProviderAccess
    clock: Clock
    all_branches: AllBranches
    cache: BranchCache = field(default_factory=BranchCache)
    in_flight: SingleFlight[tuple[IntegrationId, str, RepoId], KnownBranches] = field(default_factory=SingleFlight)

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        repo_id: RepoId,
        text: str = "",
        limit: int = 50,
        after: str | None = None,
    ) -> BranchPage:
        """Return at most `limit` branches whose names contain the text, ignoring case.

        Raises what `ShowRepository` raises, and errors of the provider if no branches are cached.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
        fetched, is_stale = await self._load(integration, repository)
        branches, is_complete = filter_branches(fetched.branches, text), fetched.is_complete
        if text and not fetched.is_complete and not is_stale:
            try:
                more, is_complete = await self._search(integration, repository, text)
                branches = [*more, *branches]
            except _PROVIDER_UNAVAILABLE:
                is_stale = True
        default = repository.default_branch
        branches = sort_branches(branches, default)
        if after is not None:
            branches = branches_after(branches, after, default)
        return BranchPage(
            branches[:limit],
            default,
            branches[limit - 1].name if len(branches) > limit else None,
            fetched.fetched_at,
            is_stale,
            is_complete,
        )

    async def _load(self, integration: Integration, repository: Repository) -> tuple[KnownBranches, bool]:
        """Return the branches, from the cache if they are recent, and whether they are stale."""
        cached = self.cache.find(integration, repository.repo_id)
        if cached is not None and self.clock.now() - cached.fetched_at < _MAX_AGE:
            return cached, False
        try:
            key = integration.id, integration.provider_id, repository.repo_id
            return await self.in_flight.share(key, lambda: self._fetch(integration, repository)), False
        except _PROVIDER_UNAVAILABLE:
            if cached is None:
                raise
            return cached, True

    async def _fetch(self, integration: Integration, repository: Repository) -> KnownBranches:
        repo_id, default = repository.repo_id, repository.default_branch
        fetched_at = self.clock.now()
        branches = await self.access(
            integration, lambda provider, access: provider.list_branches(access, repo_id, prefix="", limit=_MAX_LISTED)
        )
        fetched = KnownBranches(branches, len(branches) < _MAX_LISTED, fetched_at)
        if default and not fetched.is_complete and all(branch.name != default for branch in branches):
            first = await self.access(
                integration, lambda provider, access: provider.find_branch(access, repo_id, default)
            )
            fetched = replace(fetched, branches=[*([first] if first else []), *branches])
        self.cache.store(integration, repo_id, fetched)
        return fetched

    async def _search(
        self, integration: Integration, repository: Repository, text: str
    ) -> tuple[Sequence[Branch], bool]:
        """Return more branches that match the text, and whether these are all.

        The provider finds branches with the text as prefix. Others are found among all branches.
        """
        with_prefix = await self.access(
            integration,
            lambda provider, access: provider.list_branches(
                access, repository.repo_id, prefix=text, limit=_MAX_WITH_PREFIX
            ),
        )
        complete = await self.all_branches.find(integration, repository)
        if complete is None:
            return with_prefix, False
        return [*with_prefix, *filter_branches(complete.branches, text)], complete.is_complete
