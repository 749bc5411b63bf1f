"""An organization with its catalog, as its member reads it."""

from core.domain.actors import ServiceActor, UserActor
from core.domain.catalog.branches import Branch
from core.domain.catalog.search import CatalogFilter
from core.domain.catalog.sync import SyncPhase
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization
from core.use_cases.catalog.list_branches import BranchPage
from core.use_cases.catalog.list_repositories import CatalogPage
from testing.builders.entities import PROVIDER, Fact
from tests.support.scenarios.catalog import Catalog


class Connected:
    """An organization with its catalog and one member."""

    def __init__(self, catalog: Catalog, organization: Organization, integration: Integration) -> None:
        self.catalog = catalog
        self.organization = organization
        self.integration = integration
        self.member: UserActor

    async def list(self, **filters: Fact) -> CatalogPage:
        """List as the member."""
        given = {"where": CatalogFilter(), "organization_id": self.organization.external_id}
        actor = filters.pop("actor", self.member)
        return await self.catalog.list_repositories(actor, **{"provider": PROVIDER, **given, **filters})

    async def branches(self, repo_id: str = "1", **filters: Fact) -> BranchPage:
        """List a repository's branches as the member."""
        return await self.catalog.list_branches(
            self.member,
            organization_id=self.organization.external_id,
            provider=PROVIDER,
            repo_id=RepoId(repo_id),
            **filters,
        )

    def has_branches(self, *names: str) -> None:
        """Let the first repository have these branches."""
        listed = [Branch(name, "0" * 40, protected=False) for name in names]
        self.catalog.provider.state.branches[RepoId("1")] = listed


async def request(connected: Connected, actor: UserActor | ServiceActor | None = None) -> SyncPhase:
    """Ask for a sync."""
    state = await connected.catalog.request_sync(
        actor or connected.member, organization_id=connected.organization.external_id, provider=PROVIDER
    )
    return state.phase
