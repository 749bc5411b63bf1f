"""What users and services see of a user's connections."""

import pytest

from core.domain.actors import ServiceActor
from core.domain.connections import ConnectionRemedy, ConnectionStanding
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import ProviderUnknown
from core.use_cases.authorization import UserRequired
from testing.builders.entities import BY, PROVIDER, build_change
from tests.support.scenarios.connect_world import Browser, ConnectingWorld


@pytest.fixture
async def world() -> ConnectingWorld:
    """Return two users and a provider."""
    world = ConnectingWorld()
    await world.populate()
    return world


async def test_lists_own_connections(world: ConnectingWorld) -> None:
    """All providers are listed, each with its remedy."""
    [view] = await world.people.list(world.mara.person)
    assert (view.standing, view.remedy) == (ConnectionStanding.NOT_CONNECTED, ConnectionRemedy.CONNECT)
    connection = await world.connect(world.mara, "7")
    [view] = await world.people.list(world.mara.person)
    assert (view.standing, view.remedy, view.connection) == (ConnectionStanding.ACTIVE, None, connection)
    assert view.emails == ["m@home.example", "mara@acme.example"]
    [other] = await world.people.list(world.jonas.person)
    assert other.connection is None
    async with world.unit_of_work() as tx:
        await tx.connections.apply(
            [build_change(connection, connection.mark_reconnect_required("refresh_token_refused"))]
        )
        await tx.commit()
    [view] = await world.people.list(world.mara.person)
    assert (view.standing, view.remedy) == (ConnectionStanding.RECONNECT_REQUIRED, ConnectionRemedy.RECONNECT)


async def test_services_cannot_connect(world: ConnectingWorld) -> None:
    """Connecting needs a browser, also when a service acts for a user."""
    scopes = frozenset({"git.read", "git.admin"})
    for actor in (ServiceActor("deployer", scopes, acting_user=world.mara.person), BY):
        with pytest.raises(UserRequired, match="browser"):
            await world.people.begin(actor, provider=PROVIDER)
    with pytest.raises(ProviderUnknown):
        await world.people.begin(world.mara.person, provider="gitlab")


async def test_service_reads_and_ends_the_connection_of_its_acting_user(world: ConnectingWorld) -> None:
    """Each action needs a scope, and the version names the service and the user."""
    before = await world.connect(world.mara, "7")

    def service(*scopes: str, who: Browser | None = world.mara) -> ServiceActor:
        return ServiceActor("deployer", frozenset(scopes), acting_user=who.person if who else None)

    for nobody in (service("git.read", "git.admin", who=None), BY):
        with pytest.raises(UserRequired):
            await world.people.list(nobody)
        with pytest.raises(UserRequired):
            await world.people.disconnect(nobody, provider=PROVIDER)
    with pytest.raises(ActionForbidden):
        await world.people.list(service("git.admin"))
    with pytest.raises(ActionForbidden):
        await world.people.disconnect(service("git.read"), provider=PROVIDER)

    [seen] = await world.people.list(service("git.read"), provider=PROVIDER)
    assert seen.connection == before
    [others] = await world.people.list(service("git.read", who=world.jonas))
    assert others.connection is None

    await world.people.disconnect(service("git.admin", who=world.jonas), provider=PROVIDER)
    assert await world.connection(world.mara) == before
    await world.people.disconnect(service("git.admin"), provider=PROVIDER)
    assert await world.connection(world.mara) is None
    async with world.unit_of_work() as tx:
        trail = await tx.versions.list_by_item("connection", str(before.external_id))
    assert trail[-1].actor == f"service:deployer for user:{world.mara.person.external_id}"


async def test_lists_one_provider(world: ConnectingWorld) -> None:
    """An unknown provider is rejected."""
    assert len(await world.people.list(world.mara.person, provider=PROVIDER)) == 1
    with pytest.raises(ProviderUnknown):
        await world.people.list(world.mara.person, provider="gitlab")
