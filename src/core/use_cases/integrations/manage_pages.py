from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.connections import ConnectionStatus
from core.domain.flows.flow import to_local_path
from core.domain.integrations.integration import InstallationOfOtherPerson, Integration, IntegrationNotFound
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl, find_acting_user
from core.use_cases.catalog.queries import get_connected
from ports.provider import GitProvider
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class ManagePage:
    """The provider's settings page of an installation, and the dashboard path to return to."""

    url: str
    return_to: str


@dataclass(frozen=True, slots=True)
class FindManagePage:
    """Find the page where users choose which repositories an integration can access."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, return_to: str | None = None
    ) -> ManagePage:
        """Return the page. For an organization, the provider decides who can open the page.

        Raises `InstallationOfOtherPerson`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            is_of_other = await is_of_other_person(tx, actor, integration)
        if is_of_other:
            raise InstallationOfOtherPerson(
                f"Only {integration.provider_name or 'the owner of the account'} can open the settings of "
                "this installation at the provider. Ask this person."
            )
        url = self.providers[provider].build_manage_url(integration)
        if url is None:
            raise IntegrationNotFound(
                "The provider has no settings page for this integration. Open the installation at the provider."
            )
        return ManagePage(url, to_local_path(return_to))


async def find_manage_url(tx: Transaction, actor: Actor, provider: GitProvider, integration: Integration) -> str | None:
    """Return the provider's page of the installation's settings, or None if the actor cannot open it."""
    if await is_of_other_person(tx, actor, integration):
        return None
    return provider.build_manage_url(integration)


async def is_of_other_person(tx: Transaction, actor: Actor, integration: Integration) -> bool:
    """Return whether the app is on the account of a person, and the actor is known as another person.

    Only that person can open the settings. Who owns an organization is known only to the provider, as is the
    account of an actor without a connection, so the result is False for them.
    """
    user = find_acting_user(actor)
    if user is None or not integration.is_on_personal_account:
        return False
    connection = await tx.connections.find(user.user_id, integration.provider)
    if connection is None or connection.status is ConnectionStatus.REVOKED:
        return False
    return str(connection.provider_user_id) != str(integration.account_id)
