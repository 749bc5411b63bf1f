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

_FRESH = timedelta(seconds=30)
# Ten pages at the provider; a search looks through more of them.
_MOST = 1000
_MOST_BEGINNING = 100

# None of these says anything of the repository: what was known is better than nothing.
_UNREACHABLE = (ProviderUnavailable, RateLimited, AppRefused)


@dataclass(frozen=True, slots=True)
class BranchPage:
    """One page of branches; `next` is the name after which the following page begins.

    `is_stale` tells that the provider does not answer and this is what it said at `fetched_at`. Where
    `is_complete` is false there are more branches than were read; a search reads more of them.
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
    memory: BranchCache = field(default_factory=BranchCache)
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
        """Return at most `limit` branches whose names hold a text, in any case.

        Raises what `ShowRepository` raises, and what the provider says where it never answered before.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
        known, is_stale = await self._known(integration, repository)
        branches, is_complete = filter_branches(known.branches, text), known.is_complete
        if text and not known.is_complete and not is_stale:
            try:
                more, is_complete = await self._search(integration, repository, text)
                branches = [*more, *branches]
            except _UNREACHABLE:
                is_stale = True
        default = repository.default_branch
        branches = sort_branches(branches, default)
        if after is not None:
            branches = branches_after(branches, after, default)
        return BranchPage(
            branches[:limit],
            default,
            branches[limit - 1].name if len(branches) > limit else None,
            known.fetched_at,
            is_stale,
            is_complete,
        )

    async def _known(self, integration: Integration, repository: Repository) -> tuple[KnownBranches, bool]:
        """Return the branches, asked for anew unless that was just done, and whether they are stale."""
        known = self.memory.find(integration, repository.repo_id)
        if known is not None and self.clock.now() - known.fetched_at < _FRESH:
            return known, False
        try:
            flight = integration.id, integration.provider_id, repository.repo_id
            return await self.in_flight.share(flight, lambda: self._fetch(integration, repository)), False
        except _UNREACHABLE:
            if known is None:
                raise
            return known, True

    async def _fetch(self, integration: Integration, repository: Repository) -> KnownBranches:
        repo_id, default = repository.repo_id, repository.default_branch
        fetched_at = self.clock.now()
        found = await self.access(
            integration, lambda provider, access: provider.list_branches(access, repo_id, prefix="", limit=_MOST)
        )
        known = KnownBranches(found, len(found) < _MOST, fetched_at)
        if default and not known.is_complete and all(branch.name != default for branch in found):
            first = await self.access(
                integration, lambda provider, access: provider.find_branch(access, repo_id, default)
            )
            known = replace(known, branches=[*([first] if first else []), *found])
        self.memory.keep(integration, repo_id, known)
        return known

    async def _search(
        self, integration: Integration, repository: Repository, text: str
    ) -> tuple[Sequence[Branch], bool]:
        """Return branches beyond the list that match a text, and whether no other does.

        Those that begin with it the provider finds, as they are now; the others are found among all branches.
        """
        beginning = await self.access(
            integration,
            lambda provider, access: provider.list_branches(
                access, repository.repo_id, prefix=text, limit=_MOST_BEGINNING
            ),
        )
        every = await self.all_branches.find(integration, repository)
        if every is None:
            return beginning, False
        return [*beginning, *filter_branches(every.branches, text)], every.is_complete
