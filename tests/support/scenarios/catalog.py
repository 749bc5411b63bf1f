"""A provider with an installation, and an organization that has connected it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from core.domain.actors import UserActor
from core.domain.catalog.repository import Repository
from core.domain.identifiers import RepoId
from core.domain.integrations.installation_checks import CHECK_INTERVAL
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, Role
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.streams.domain_event import DomainEventType, IntegrationData, RecordedEvent
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.provider_access import InstallationTokens
from core.use_cases.integrations.check_installation import CheckInstallation, ConfirmDeletions, ReconcileInstallations
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration, UninstallRevoked
from core.use_cases.integrations.list_integrations import ListIntegrations, ShowIntegration
from core.use_cases.integrations.manage_pages import FindManagePage
from entrypoints.bootstrap.features import wire_catalog
from testing.builders.entities import INSTALLATION, PROVIDER, Fact, build_change, now
from testing.contracts.store_stage import StoreStage
from testing.memory.clock import SettableClock
from testing.memory.metrics import MemoryMetrics
from testing.memory.provider import FakeProvider
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.ports import AUTHORIZER, build_ports
from tests.support.scenarios.processing import AlertBook

KEY = str(INSTALLATION)


def facts(repo_id: str, full_name: str | None = None, **more: Fact) -> RepositoryFacts:
    """Return what a provider lists of a repository."""
    repository_facts = RepositoryFacts(
        repo_id=RepoId(repo_id),
        full_name=full_name or f"acme/repository-{repo_id}",
        private=True,
        url=f"https://provider.example/acme/{repo_id}",
        archived=False,
        fork=False,
        default_branch="main",
        whole=True,
    )
    return replace(repository_facts, **more)


class MintedTokens(InstallationTokens):
    """Mints a token at the first call, and another where one was refused."""

    def __init__(self, provider: FakeProvider) -> None:
        self._provider = provider
        self._tokens: dict[str, Secret] = {}

    async def __call__(self, integration: Integration, *, instead_of: Secret | None = None) -> Secret:
        """Give the installation's token."""
        known = self._tokens.get(integration.provider_id)
        if known is None or known is instead_of:
            known = (await self._provider.mint_token(integration.provider_id)).token
            self._tokens[integration.provider_id] = known
        return known


class Catalog:
    """The base of catalog tests: one organization, its installation, and the use cases."""

    def __init__(self, world: StoreStage, *, page_size: int = 100) -> None:
        self.world = world
        self.clock = SettableClock(now())
        self.provider = FakeProvider(self.clock, page_size=page_size)
        self.providers = {PROVIDER: self.provider}
        access_control = AccessControl(world.directory, AUTHORIZER, self.providers)
        ports = build_ports(unit_of_work=world.unit_of_work, providers=self.providers, clock=self.clock)
        wired = wire_catalog(ports, access_control, MintedTokens(self.provider))
        self.wired = wired
        self.sync = wired.sync_due.sync
        self.sync_due = wired.sync_due
        self.request_sync = wired.request_sync
        self.list_repositories = wired.list_repositories
        self.show_repository = wired.show_repository
        self.list_branches = wired.list_branches
        self.list_directories = wired.list_directories
        self.list_changed_files = wired.list_changed_files
        self.list_integrations = ListIntegrations(world.unit_of_work, access_control, self.providers, self.clock)
        self.show_integration = ShowIntegration(world.unit_of_work, access_control, self.providers, self.clock)
        self.find_manage_page = FindManagePage(world.unit_of_work, access_control, self.providers)
        self.disconnect = DisconnectIntegration(world.unit_of_work, access_control, self.clock)
        self.uninstall_revoked = UninstallRevoked(world.unit_of_work, self.providers, self.clock)

    async def connect(self, *repositories: RepositoryFacts, **of_integration: Fact) -> Integration:
        """Install our app for these repositories and connect a new organization to that."""
        provider_id = of_integration.setdefault("provider_id", str(INSTALLATION))
        self.provider.state.install(provider_id, *repositories)
        return await self.world.add_integration(**of_integration)

    def lists(self, integration: Integration, *repositories: RepositoryFacts) -> None:
        """Let the installation cover these repositories now, and no others."""
        covered = self.provider.state.installations[integration.provider_id].repositories
        covered.clear()
        covered.update({one.repo_id: one for one in repositories})

    async def member(self, organization: Organization, role: Role) -> UserActor:
        """Give the organization a new member of this role."""
        user = await self.world.add_user(f"{uuid4()}@acme.example")
        await self.world.add_member(user, organization, role)
        return UserActor(user.id, user.external_id)

    async def read(self, integration: Integration) -> Integration:
        """Return an integration as it is now."""
        async with self.world.unit_of_work() as tx:
            known = await tx.integrations.find(integration.organization_id, integration.provider)
        assert known is not None
        return known

    async def change(self, integration: Integration, **changed: Fact) -> Integration:
        """Change an integration, as an event would."""
        known = await self.read(integration)
        async with self.world.unit_of_work() as tx:
            await tx.integrations.apply([build_change(known, replace(known, **changed))])
            await tx.commit()
        return await self.read(integration)

    async def rows(self, integration: Integration) -> dict[str, Repository]:
        """Return the catalog by repository, removed rows included."""
        async with self.world.unit_of_work() as tx:
            return {row.repo_id: row for row in await tx.catalog.load_repositories(integration.id)}

    async def save(self, *rows: Repository) -> None:
        """Write catalog rows, as an event would."""
        async with self.world.unit_of_work() as tx:
            await tx.catalog.save_repositories(rows)
            await tx.commit()

    async def list_domain_events(self, after: int = 0) -> Sequence[RecordedEvent]:
        """Return the published events."""
        async with self.world.unit_of_work() as tx:
            return await tx.domain_events.list_after(after, limit=1000)


class Checks(Catalog):
    """A connected installation and both ways of checking it."""

    def __init__(self) -> None:
        super().__init__(MemoryStoreStage())
        self.metrics, self.alerts = MemoryMetrics(), AlertBook()
        check = CheckInstallation(self.world.unit_of_work, self.providers, self.clock, self.metrics, self.alerts)
        self.confirm = ConfirmDeletions(check)
        self.reconcile = ReconcileInstallations(check)

    async def as_provider_knows(self, **facts: Fact) -> Integration:
        """Connect an installation whose facts equal the provider's, a day ago."""
        installed = self.provider.state.install(KEY).facts
        known: dict[str, Fact] = {
            "provider_id": KEY,
            "provider_name": installed.account_login,
            "provider_url": installed.account_url,
            "account_id": installed.account_id,
            "account_type": installed.account_type,
            "repository_selection": installed.repository_selection,
            "permissions": installed.permissions,
            "provider_updated_at": installed.updated_at,
            "settings": {"manage_url": installed.manage_url},
        }
        integration = await self.world.add_integration(**(known | facts))
        self.clock.set(integration.created_at + CHECK_INTERVAL)
        return await self.read(integration)

    def at_provider(self, **facts: Fact) -> None:
        """Change what the provider knows of the installation."""
        installed = self.provider.state.installations[KEY]
        installed.facts = replace(installed.facts, updated_at=self.clock.now(), **facts)

    async def events(self) -> Sequence[tuple[DomainEventType, str]]:
        """Return what was published: type and the integration's status."""
        recorded = await self.list_domain_events()
        return [(one.type, one.data.status) for one in recorded if isinstance(one.data, IntegrationData)]
