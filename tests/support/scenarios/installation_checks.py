"""A connected installation, and the use cases that check it at the provider."""

from collections.abc import Sequence
from dataclasses import replace

from core.domain.integrations.installation_checks import CHECK_INTERVAL
from core.domain.integrations.integration import Integration
from core.domain.streams.domain_event import DomainEventType, IntegrationData
from core.use_cases.integrations.check_installation import CheckInstallation, ConfirmDeletions, ReconcileInstallations
from testing.builders.entities import INSTALLATION, Fact
from testing.memory.metrics import MemoryMetrics
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog
from tests.support.scenarios.processing import AlertBook

KEY = str(INSTALLATION)


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
