"""How an organization stands with a provider, and how it leaves."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.actors import Actor, ServiceActor, UserActor
from core.domain.catalog.sync import SyncPhase
from core.domain.connections import ConnectionStatus
from core.domain.deliveries.source_key import choose_lane
from core.domain.integrations.integration import (
    InstallationOfOtherPerson,
    Integration,
    IntegrationNotFound,
    IntegrationStatus,
    StatusReason,
)
from core.domain.integrations.views import ConnectionState, IntegrationView, Remedy
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import AppRefused, ProviderUnavailable, ProviderUnknown
from core.domain.streams.domain_event import IntegrationData
from testing.builders.entities import INSTALLATION, PROVIDER, Fact, build_change, time_ago
from testing.memory.provider_state import PERMISSIONS
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog, facts


@pytest.fixture
def catalog() -> Catalog:
    """Give a provider and the use cases."""
    return Catalog(MemoryStoreStage())


async def shown(catalog: Catalog, organization: Organization, role: Role = Role.VIEWER) -> IntegrationView:
    """Show how the organization stands, to a new member."""
    return await catalog.show_integration(
        await catalog.member(organization, role), organization_id=organization.external_id, provider=PROVIDER
    )


async def test_never_connected(catalog: Catalog) -> None:
    """There is an answer, and what to do."""
    view = await shown(catalog, await catalog.world.add_organization())
    assert (view.state, view.reason, view.remedy) == (ConnectionState.NOT_CONNECTED, None, Remedy.CONNECT)
    assert (view.integration, view.sync, view.manage_url) == (None, None, None)


async def test_waiting_for_approval(catalog: Catalog) -> None:
    """Until when is told; connected, nobody waits any more."""
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
async def test_each_state_has_its_reason_and_one_thing_that_helps(
    catalog: Catalog, facts_of: dict[str, Fact], state: ConnectionState, reason: str | None, remedy: Remedy | None
) -> None:
    """And the page at the provider, where there still is one."""
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
async def test_settings_of_a_personal_account_open_only_for_that_person(
    catalog: Catalog, account_type: str, account: str | None, can_open: bool, facts_of: dict[str, Fact]
) -> None:
    """The provider answers 404 to others. Who owns an organization is known only to the provider."""
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


async def test_settings_page_for_services_and_after_disconnecting(catalog: Catalog) -> None:
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
    told = {row[0]["status_reason"] for row in STATES.values() if "status_reason" in row[0]}
    assert told == set(StatusReason)
    assert {row[1].value for row in STATES.values()} == {status.value for status in IntegrationStatus}


async def test_all_providers_are_listed(catalog: Catalog) -> None:
    """Connected or not, so that a dashboard can show a card for each."""
    organization = await catalog.world.add_organization()
    member = await catalog.member(organization, Role.MEMBER)
    views = await catalog.list_integrations(member, organization_id=organization.external_id)
    assert [(view.provider, view.state) for view in views] == [(PROVIDER, ConnectionState.NOT_CONNECTED)]
    await catalog.connect(organization=organization)
    views = await catalog.list_integrations(member, organization_id=organization.external_id)
    assert [view.state for view in views] == [ConnectionState.ACTIVE]


async def test_others_learn_nothing(catalog: Catalog) -> None:
    """Another's organization answers like none."""
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


async def test_an_unknown_provider(catalog: Catalog) -> None:
    """The refusal names those there are."""
    organization = await catalog.world.add_organization()
    owner = await catalog.member(organization, Role.OWNER)
    for ask in (catalog.show_integration, catalog.disconnect):
        with pytest.raises(ProviderUnknown, match="Use one of: github"):
            await ask(owner, organization_id=organization.external_id, provider="gitlab")


async def disconnected(
    catalog: Catalog, organization: Organization, actor: UserActor | None = None, **asked: Fact
) -> Integration:
    """Disconnect as an owner and return the integration as it is then."""
    owner = actor or await catalog.member(organization, Role.OWNER)
    await catalog.disconnect(owner, organization_id=organization.external_id, provider=PROVIDER, **asked)
    async with catalog.world.unit_of_work() as tx:
        known = await tx.integrations.find(organization.id, PROVIDER)
    assert known is not None
    return known


async def test_disconnecting_revokes_and_keeps_links_and_history(catalog: Catalog) -> None:
    """Consumers are told, the trail names who did it, and the catalog stays for when it comes back."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(facts("1"), organization=organization)
    await catalog.sync(integration)
    project = await catalog.world.add_project(organization)
    link = await catalog.world.add_link(project, integration)
    owner = await catalog.member(organization, Role.OWNER)
    after = await disconnected(catalog, organization, owner)
    assert (after.status, after.status_reason) == (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED)
    assert (after.status_changed_at, after.uninstall_requested_at) == (catalog.clock.now(), None)
    async with catalog.world.unit_of_work() as tx:
        assert await tx.links.find(project.id, PROVIDER) == link
        trail = await tx.versions.list_by_item("integration", str(integration.external_id))
    assert trail[-1].actor == owner.name
    assert "1" in await catalog.rows(integration)
    [fact] = await catalog.list_domain_events()
    assert fact.type.value == "git.integration.revoked"
    assert isinstance(fact.data, IntegrationData)
    assert fact.data.reason == "disconnected"


async def test_disconnecting_twice_tells_nothing_more(catalog: Catalog) -> None:
    """A second click is fine."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    first = await disconnected(catalog, organization)
    assert await disconnected(catalog, organization) == first
    assert len(await catalog.list_domain_events()) == 1


async def test_disconnecting_what_never_was(catalog: Catalog) -> None:
    """There is nothing to end."""
    with pytest.raises(IntegrationNotFound):
        await disconnected(catalog, await catalog.world.add_organization())


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_members_may_not_disconnect(catalog: Catalog, role: Role) -> None:
    """Owners and admins may."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    with pytest.raises(ActionForbidden):
        await disconnected(catalog, organization, await catalog.member(organization, role))
    await disconnected(catalog, organization, await catalog.member(organization, Role.ADMIN))


async def test_disconnecting_waits_for_the_events_being_processed(catalog: Catalog) -> None:
    """An event is processed before it or after it, never in between."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    owner = await catalog.member(organization, Role.OWNER)
    async with catalog.world.unit_of_work() as event:
        assert await event.event_queue.try_lock(choose_lane(str(INSTALLATION)))
        leaving = asyncio.create_task(disconnected(catalog, organization, owner))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (await catalog.read(integration)).status is IntegrationStatus.ACTIVE
    assert (await leaving).is_revoked


async def test_uninstalling_is_wanted_until_it_is_done(catalog: Catalog) -> None:
    """An outage, or our app being refused, only delays it."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    after = await disconnected(catalog, organization, uninstall=True)
    assert after.uninstall_requested_at == catalog.clock.now()
    for error in (ProviderUnavailable("It does not answer."), AppRefused("The key is wrong.")):
        catalog.provider.fail("uninstall", error)
        assert await catalog.uninstall_revoked() == 0
    assert after.provider_id in catalog.provider.state.installations
    assert await catalog.uninstall_revoked() == 1
    assert after.provider_id not in catalog.provider.state.installations
    assert (await catalog.read(after)).uninstall_requested_at is None
    assert await catalog.uninstall_revoked() == 0


async def test_uninstalling_may_be_asked_for_later(catalog: Catalog) -> None:
    """Disconnected first, uninstalled on second thoughts; what is uninstalled there already is not."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    await disconnected(catalog, organization)
    assert (await disconnected(catalog, organization, uninstall=True)).uninstall_requested_at is not None
    await catalog.change(integration, status_reason=StatusReason.UNINSTALLED_ON_PROVIDER, uninstall_requested_at=None)
    assert (await disconnected(catalog, organization, uninstall=True)).uninstall_requested_at is None


async def test_one_that_fails_keeps_no_other_waiting(catalog: Catalog) -> None:
    """Each is tried in each run."""
    for number in range(3):
        await catalog.connect(
            provider_id=str(number),
            status=IntegrationStatus.REVOKED,
            status_reason=StatusReason.DISCONNECTED,
            uninstall_requested_at=time_ago(minutes=number),
        )
    catalog.provider.fail("uninstall", ProviderUnavailable("It does not answer."))
    assert await catalog.uninstall_revoked() == 2


async def test_connected_anew_meanwhile_the_wish_is_not_touched(catalog: Catalog) -> None:
    """Whoever binds it again decides what is wanted then."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    await disconnected(catalog, organization, uninstall=True)

    async def rebind(call: str) -> None:
        if call == "uninstall":
            alive = {"status": IntegrationStatus.ACTIVE, "status_reason": None, "provider_id": "2"}
            await catalog.change(integration, **alive, uninstall_requested_at=None)

    catalog.provider.before = rebind
    await catalog.uninstall_revoked()
    after = await catalog.read(integration)
    assert (after.status, after.provider_id) == (IntegrationStatus.ACTIVE, "2")
