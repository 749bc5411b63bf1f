from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.flows.flow import to_local_path
from core.domain.integrations.integration import InstallationOfOtherPerson, IntegrationNotFound
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.catalog.queries import get_readable
from core.use_cases.integrations.manage_pages import is_of_other_person
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ManagePage:
    """The provider's page of an installation, and the path of the dashboard's to come back to."""

    url: str
    return_to: str


@dataclass(frozen=True, slots=True)
class FindManagePage:
    """Find where at the provider people choose what an integration may see."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, return_to: str | None = None
    ) -> ManagePage:
        """Return the page. For an organization, the provider decides who can open the page.

        Raises `InstallationOfOtherPerson`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            integration = await get_readable(tx, organization, provider)
            is_of_other = await is_of_other_person(tx, actor, integration)
        if is_of_other:
            raise InstallationOfOtherPerson(
                f"Only {integration.provider_name or 'the owner of the account'} can open the settings of "
                "this installation at the provider. Ask this person."
            )
        url = self.providers[provider].manage_url(integration)
        if url is None:
            raise IntegrationNotFound(
                "The provider has no settings page for this integration. Open the installation at the provider."
            )
        return ManagePage(url, to_local_path(return_to))
