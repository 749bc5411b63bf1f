"""How an organization stands with a provider, and how it leaves."""

from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.actors import Actor, ServiceActor, UserActor
from core.domain.catalog.sync import SyncPhase
from core.domain.connections import ConnectionStatus
from core.domain.integrations.integration import InstallationOfOtherPerson, IntegrationStatus, StatusReason
from core.domain.integrations.views import ConnectionState, IntegrationView, Remedy
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.provider_errors import ProviderUnknown
from testing.builders.entities import PROVIDER, Fact, build_change
from testing.memory.provider_state import PERMISSIONS
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog


@pytest.fixture
def catalog() -> Catalog:
    """Give a provider and the use cases."""
    return Catalog(MemoryStoreStage())


async def shown(catalog: Catalog, organization: Organization, role: Role = Role.VIEWER) -> IntegrationView:
    """Show how the organization stands, to a new member."""
    return await catalog.show_integration(
        await catalog.member(organization, role), organization_id=organization.external_id, provider=PROVIDER
    )


async def test_organization_without_an_integration_can_connect(catalog: Catalog) -> None:
    view = await shown(catalog, await catalog.world.add_organization())
    assert (view.state, view.reason, view.remedy) == (ConnectionState.NOT_CONNECTED, None, Remedy.CONNECT)
    assert (view.integration, view.sync, view.manage_url) == (None, None, None)


async def test_pending_request_has_its_expiry(catalog: Catalog) -> None:
    """It disappears after the connection."""
    organization = await catalog.world.add_organization()
    request = await catalog.world.add_request(organization, await catalog.world.add_user())
    view = await shown(catalog, organization)
    assert (view.state, view.reason) == (ConnectionState.PENDING, "awaiting_approval")
    assert (view.remedy, view.pending_until) == (Remedy.AWAIT_APPROVAL, request.expires_at)
    await catalog.connect(organization=organization)
    assert (await shown(catalog, organization)).state is ConnectionState.ACTIVE


STATES: dict[str, tuple[dict[str, Fact], ConnectionState, str | None, Remedy | None]] = {
    "active": ({}, ConnectionState.ACTIVE, None, None),
    "granted more": ({"permissions": {**PERMISSIONS, "contents": "write"}}, ConnectionState.ACTIVE, None, None),
    "granted less": (
        {"permissions": {"metadata": "read"}},
        ConnectionState.ACTIVE,
        "permissions_missing",
        Remedy.ACCEPT_PERMISSIONS,
    ),
    "suspended and granted less": (
        {
            "status": IntegrationStatus.SUSPENDED,
            "status_reason": StatusReason.SUSPENDED_ON_PROVIDER,
            "permissions": {"metadata": "read"},
        },
        ConnectionState.SUSPENDED,
        "suspended_on_provider",
        Remedy.UNSUSPEND,
    ),
    "suspended there": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.SUSPENDED_ON_PROVIDER},
        ConnectionState.SUSPENDED,
        "suspended_on_provider",
        Remedy.UNSUSPEND,
    ),
    "refused": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.TOKEN_REFUSED},
        ConnectionState.SUSPENDED,
        "token_refused",
        Remedy.CHECK_INSTALLATION,
    ),
    "uninstalled": (
        {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.UNINSTALLED_ON_PROVIDER},
        ConnectionState.REVOKED,
        "uninstalled_on_provider",
        Remedy.RECONNECT,
    ),
    "disconnected": (
        {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
        ConnectionState.REVOKED,
        "disconnected",
        Remedy.RECONNECT,
    ),
}


@pytest.mark.parametrize(("facts_of", "state", "reason", "remedy"), STATES.values(), ids=STATES.keys())
async def test_each_status_has_a_reason_and_a_remedy(
    catalog: Catalog, facts_of: dict[str, Fact], state: ConnectionState, reason: str | None, remedy: Remedy | None
) -> None:
    """With the page at the provider, if there is one."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization, **facts_of)
    view = await shown(catalog, organization)
    assert (view.state, view.reason, view.remedy) == (state, reason, remedy)
    assert view.integration == integration
    is_live = state is not ConnectionState.REVOKED
    assert (view.manage_url is not None) == is_live
    assert (view.sync.phase if view.sync else None) == (SyncPhase.REQUESTED if is_live else None)


async def viewer(catalog: Catalog, organization: Organization, account: str | None) -> UserActor:
    """Return a member who has connected this provider account."""
    user = await catalog.world.add_user()
    await catalog.world.add_member(user, organization, Role.MEMBER)
    if account is not None:
        await catalog.world.add_connection(user, account)
    return UserActor(user.id, user.external_id)


MANAGERS = {
    "the person themselves": ("User", "9", True),
    "another person": ("User", "7", False),
    "a member without a connection": ("User", None, True),
    "a member of an organization": ("Organization", "7", True),
}


@pytest.mark.parametrize(("account_type", "account", "can_open"), MANAGERS.values(), ids=MANAGERS.keys())
@pytest.mark.parametrize(
    "facts_of", [{}, {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.SUSPENDED_ON_PROVIDER}]
)
async def test_settings_page_of_a_user_account_is_for_its_owner(
    catalog: Catalog, account_type: str, account: str | None, can_open: bool, facts_of: dict[str, Fact]
) -> None:
    """The provider answers 404 to others. Owners of organizations are known only to the provider."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(
        organization=organization, account_type=account_type, account_id="9", **facts_of
    )
    actor = await viewer(catalog, organization, account)
    page = f"https://provider.example/installations/{integration.provider_id}" if can_open else None

    organization_id = organization.external_id
    [listed] = await catalog.list_integrations(actor, organization_id=organization_id)
    view = await catalog.show_integration(actor, organization_id=organization_id, provider=PROVIDER)
    assert (listed.manage_url, view.manage_url) == (page, page)
    if can_open:
        found = await catalog.find_manage_page(actor, organization_id=organization_id, provider=PROVIDER)
        assert found.url == page
    else:
        with pytest.raises(InstallationOfOtherPerson, match="Only acme can open"):
            await catalog.find_manage_page(actor, organization_id=organization_id, provider=PROVIDER)


async def test_settings_page_for_services_and_after_a_disconnect(catalog: Catalog) -> None:
    """A service gets the page; the page of a service's acting user is as if the user asked."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization, account_type="User", account_id="9")
    actor = await viewer(catalog, organization, "7")

    async def page(asking: Actor) -> str | None:
        return (
            await catalog.show_integration(asking, organization_id=organization.external_id, provider=PROVIDER)
        ).manage_url

    scopes = frozenset({"git.read"})
    assert await page(ServiceActor("projects", scopes)) is not None
    assert await page(ServiceActor("projects", scopes, acting_user=actor)) is None

    async with catalog.world.unit_of_work() as tx:
        known = await tx.connections.find(actor.user_id, PROVIDER)
        assert known is not None
        await tx.connections.apply([build_change(known, replace(known, status=ConnectionStatus.REVOKED))])
        await tx.commit()
    assert await page(actor) is not None


async def test_every_status_and_reason_has_a_view() -> None:
    """A new reason has to be given its remedy here before people meet it."""
    reasons = {row[0]["status_reason"] for row in STATES.values() if "status_reason" in row[0]}
    assert reasons == set(StatusReason)
    assert {row[1].value for row in STATES.values()} == {status.value for status in IntegrationStatus}


async def test_lists_all_providers(catalog: Catalog) -> None:
    """Connected or not."""
    organization = await catalog.world.add_organization()
    member = await catalog.member(organization, Role.MEMBER)
    views = await catalog.list_integrations(member, organization_id=organization.external_id)
    assert [(view.provider, view.state) for view in views] == [(PROVIDER, ConnectionState.NOT_CONNECTED)]
    await catalog.connect(organization=organization)
    views = await catalog.list_integrations(member, organization_id=organization.external_id)
    assert [view.state for view in views] == [ConnectionState.ACTIVE]


async def test_foreign_organization_equals_a_missing_one(catalog: Catalog) -> None:
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    outsider = await catalog.member(await catalog.world.add_organization(), Role.OWNER)
    messages = set()
    for organization_id in (organization.external_id, uuid4()):
        with pytest.raises(OrganizationNotFound) as refusal:
            await catalog.show_integration(outsider, organization_id=organization_id, provider=PROVIDER)
        messages.add(refusal.value.message)
        with pytest.raises(OrganizationNotFound):
            await catalog.list_integrations(outsider, organization_id=organization_id)
        with pytest.raises(OrganizationNotFound):
            await catalog.disconnect(outsider, organization_id=organization_id, provider=PROVIDER)
    assert len(messages) == 1


async def test_unknown_provider_lists_the_known_ones(catalog: Catalog) -> None:
    organization = await catalog.world.add_organization()
    owner = await catalog.member(organization, Role.OWNER)
    for ask in (catalog.show_integration, catalog.disconnect):
        with pytest.raises(ProviderUnknown, match="Use one of: github"):
            await ask(owner, organization_id=organization.external_id, provider="gitlab")
