"""Disconnecting an organization from a provider, and uninstalling the app."""

import asyncio

import pytest

from core.domain.actors import UserActor
from core.domain.deliveries.source_key import choose_lane
from core.domain.integrations.integration import Integration, IntegrationNotFound, IntegrationStatus, StatusReason
from core.domain.organizations import Organization, Role
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import AppRefused, ProviderUnavailable
from core.domain.streams.domain_event import IntegrationData
from testing.builders.entities import INSTALLATION, PROVIDER, Fact, time_ago
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog, facts


@pytest.fixture
def catalog() -> Catalog:
    """Return a provider and the use cases."""
    return Catalog(MemoryStoreStage())


async def disconnect(
    catalog: Catalog, organization: Organization, actor: UserActor | None = None, **arguments: Fact
) -> Integration:
    """Disconnect as an owner and return the revoked integration."""
    owner = actor or await catalog.member(organization, Role.OWNER)
    await catalog.disconnect(owner, organization_id=organization.external_id, provider=PROVIDER, **arguments)
    async with catalog.world.unit_of_work() as tx:
        integration = await tx.integrations.find(organization.id, PROVIDER)
    assert integration is not None
    return integration


async def test_disconnect_revokes_and_keeps_links_and_history(catalog: Catalog) -> None:
    """A domain event is recorded, the version names the actor, and the catalog stays for a new connection."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(facts("1"), organization=organization)
    await catalog.sync(integration)
    project = await catalog.world.add_project(organization)
    link = await catalog.world.add_link(project, integration)
    owner = await catalog.member(organization, Role.OWNER)
    after = await disconnect(catalog, organization, owner)
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


async def test_second_disconnect_changes_nothing(catalog: Catalog) -> None:
    """A second click returns no error."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    first = await disconnect(catalog, organization)
    assert await disconnect(catalog, organization) == first
    assert len(await catalog.list_domain_events()) == 1


async def test_disconnect_requires_an_integration(catalog: Catalog) -> None:
    """An organization that never connected gets an error."""
    with pytest.raises(IntegrationNotFound):
        await disconnect(catalog, await catalog.world.add_organization())


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_members_cannot_disconnect(catalog: Catalog, role: Role) -> None:
    """Only owners and admins can."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    with pytest.raises(ActionForbidden):
        await disconnect(catalog, organization, await catalog.member(organization, role))
    await disconnect(catalog, organization, await catalog.member(organization, Role.ADMIN))


async def test_disconnect_waits_for_the_lane(catalog: Catalog) -> None:
    """An event is processed before or after the disconnect, never during it."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    owner = await catalog.member(organization, Role.OWNER)
    async with catalog.world.unit_of_work() as event:
        assert await event.event_queue.try_lock(choose_lane(str(INSTALLATION)))
        leaving = asyncio.create_task(disconnect(catalog, organization, owner))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (await catalog.read(integration)).status is IntegrationStatus.ACTIVE
    assert (await leaving).is_revoked


async def test_uninstall_request_stays_until_it_succeeds(catalog: Catalog) -> None:
    """An outage, or a provider that rejects the app, only delays it."""
    organization = await catalog.world.add_organization()
    await catalog.connect(organization=organization)
    after = await disconnect(catalog, organization, uninstall=True)
    assert after.uninstall_requested_at == catalog.clock.now()
    for error in (ProviderUnavailable("It does not answer."), AppRefused("The key is wrong.")):
        catalog.provider.fail("uninstall", error)
        assert await catalog.uninstall_revoked() == 0
    assert after.provider_id in catalog.provider.state.installations
    assert await catalog.uninstall_revoked() == 1
    assert after.provider_id not in catalog.provider.state.installations
    assert (await catalog.read(after)).uninstall_requested_at is None
    assert await catalog.uninstall_revoked() == 0


async def test_uninstall_can_be_requested_after_disconnect(catalog: Catalog) -> None:
    """An installation that is already uninstalled at the provider gets no request."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    await disconnect(catalog, organization)
    assert (await disconnect(catalog, organization, uninstall=True)).uninstall_requested_at is not None
    await catalog.change(integration, status_reason=StatusReason.UNINSTALLED_ON_PROVIDER, uninstall_requested_at=None)
    assert (await disconnect(catalog, organization, uninstall=True)).uninstall_requested_at is None


async def test_failed_uninstall_does_not_delay_others(catalog: Catalog) -> None:
    """Each run tries every request."""
    for number in range(3):
        await catalog.connect(
            provider_id=str(number),
            status=IntegrationStatus.REVOKED,
            status_reason=StatusReason.DISCONNECTED,
            uninstall_requested_at=time_ago(minutes=number),
        )
    catalog.provider.fail("uninstall", ProviderUnavailable("It does not answer."))
    assert await catalog.uninstall_revoked() == 2


async def test_new_connection_keeps_its_uninstall_request(catalog: Catalog) -> None:
    """The request belongs to the new connection, so the earlier run must not clear it."""
    organization = await catalog.world.add_organization()
    integration = await catalog.connect(organization=organization)
    await disconnect(catalog, organization, uninstall=True)

    async def rebind(call: str) -> None:
        if call == "uninstall":
            alive = {"status": IntegrationStatus.ACTIVE, "status_reason": None, "provider_id": "2"}
            await catalog.change(integration, **alive, uninstall_requested_at=None)

    catalog.provider.before = rebind
    await catalog.uninstall_revoked()
    after = await catalog.read(integration)
    assert (after.status, after.provider_id) == (IntegrationStatus.ACTIVE, "2")
