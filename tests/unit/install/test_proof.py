"""What proves an installation to be someone's to connect, and everything that does not."""

import pytest

from core.domain.errors import DomainError
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.install.claims import InstallationNotProven, InstallationNotVisible
from core.domain.integrations.integration import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.provider_errors import InstallationGone
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Connected
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.install_results import connect, expect_error, leaves_nothing, onward, refusal
from tests.support.scenarios.install_world import (
    ACME,
    EMPTY,
    JONAS,
    MARA,
    MARAS,
    OLGA,
    WORKSHOP,
    InstallWorld,
    build_return,
)


@pytest.mark.parametrize(
    ("account", "installation_id", "reason"),
    [
        (MARA, ACME, InstallationNotProven),  # administers one repository of two
        (JONAS, ACME, InstallationNotProven),  # sees one
        (JONAS, MARAS, InstallationNotVisible),  # another person's
        (MARA, EMPTY, InstallationNotVisible),
        (OLGA, WORKSHOP, InstallationNotVisible),
        (MARA, "999", InstallationGone),
        (MARA, "0", InstallationGone),
        (MARA, "1" * 19, InstallationGone),
    ],
)
async def test_user_without_a_proof_connects_nothing(
    world: InstallWorld, account: str, installation_id: str, reason: type[DomainError]
) -> None:
    """With any number in the URL, with the code or later."""
    assert refusal(await connect(world, account, installation_id)) is reason
    sent = await world.begin(world.mara)
    outcome = await world.finish(world.mara, build_return(sent, None, installation_id, setup_action="install"))
    outcome = await world.finish(world.mara, world.build_authorize_callback(onward(outcome), account))
    assert refusal(outcome) is reason
    assert world.list_installations() == {}
    assert leaves_nothing(world)


async def test_seeing_an_empty_installation_is_not_a_proof(world: InstallWorld) -> None:
    """Administering all of no repositories proves nothing; having just installed it does."""
    there = world.provider.state
    there.people[ProviderUserId(MARA)].sees.add(RepoId("5"))
    there.installations[EMPTY].repositories[RepoId("5")] = facts("5")
    sent = await world.begin(world.mara)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, MARA, EMPTY))
    assert refusal(outcome) is InstallationNotProven
    await world.announce(EMPTY, sender=MARA)
    assert await world.finish(world.mara, world.build_authorize_callback(onward(outcome), MARA)) == Connected(
        "/settings"
    )
    assert world.list_installations() == {"Acme": EMPTY}


@pytest.mark.parametrize("is_drained", [True, False])
async def test_signed_delivery_is_a_proof(world: InstallWorld, *, is_drained: bool) -> None:
    """If it names the user as installer, and arrived after the start; processed or not."""
    sent = await world.begin(world.mara)
    await world.announce(ACME, sender=MARA)
    if is_drained:
        await world.drain()
    assert await world.finish(world.mara, world.build_install_callback(sent, MARA, ACME)) == Connected("/settings")
    await world.drain()
    assert {event.status.value for event in world.database.committed.events.values()} == {"processed"}


@pytest.mark.parametrize(
    ("sender", "account", "is_early"), [(OLGA, None, False), (MARA, "10", False), (MARA, None, True)]
)
async def test_other_deliveries_are_not_a_proof(
    world: InstallWorld, sender: str, account: str | None, *, is_early: bool
) -> None:
    """Of another user, of another account, or from before the flow."""
    if is_early:
        await world.announce(ACME, sender=sender, account=account)
        world.later(seconds=1)
    sent = await world.begin(world.mara)
    if not is_early:
        await world.announce(ACME, sender=sender, account=account)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, MARA, ACME))
    assert refusal(outcome) is InstallationNotProven
    assert world.list_installations() == {}


async def test_requester_can_connect_at_any_time(world: InstallWorld) -> None:
    """The owner approved this request, whatever happened to its flow."""
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    world.later(hours=3)
    assert await connect(world, JONAS, ACME) != Connected("/settings")
    assert await connect(world, MARA, ACME) == Connected("/settings")


async def test_installation_of_another_organization_stays_there(world: InstallWorld) -> None:
    """Despite a proof; the organization is not named to anyone."""
    sent = await world.begin(world.jonas, world.zenith)
    await world.finish(world.jonas, world.build_install_callback(sent, OLGA, ACME))
    for mode in (InstallMode.NEW, InstallMode.EXISTING):
        sent = await world.begin(world.mara, mode=mode)
        came = (
            world.build_install_callback(sent, OLGA, ACME)
            if sent.is_for_installing
            else world.build_authorize_callback(sent, OLGA)
        )
        error = await expect_error(world.finish(world.mara, came), InstallationBoundElsewhere)
        assert "Zenith" not in error.message
    # A user without a proof does not learn that the installation is connected.
    assert refusal(await connect(world, JONAS, ACME)) is InstallationNotProven
    assert world.list_installations() == {"Zenith": ACME}


async def test_does_not_offer_connected_installations(world: InstallWorld) -> None:
    """They would be rejected."""
    sent = await world.begin(world.jonas, world.zenith)
    await world.finish(world.jonas, world.build_install_callback(sent, MARA, WORKSHOP))
    came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), MARA)
    assert await world.finish(world.mara, came) == Connected("/settings")
    assert world.list_installations() == {"Zenith": WORKSHOP, "Acme": MARAS}


async def test_rejects_a_second_installation(world: InstallWorld) -> None:
    """At the start, and if the first was connected during the flow."""
    first, second = await world.begin(world.mara), await world.begin(world.mara)
    assert await world.finish(world.mara, world.build_install_callback(first, OLGA, ACME)) == Connected("/settings")
    came = world.build_install_callback(second, MARA, WORKSHOP)
    await expect_error(world.finish(world.mara, came), OrganizationAlreadyConnected)
    await expect_error(world.begin(world.mara), OrganizationAlreadyConnected)
    assert world.list_installations() == {"Acme": ACME}


async def test_two_tabs_connect_once(world: InstallWorld) -> None:
    """The second finds the integration."""
    first, second = await world.begin(world.mara), await world.begin(world.mara, return_to="/other")
    assert await world.finish(world.mara, world.build_install_callback(second, OLGA, ACME)) == Connected("/other")
    assert await world.finish(world.mara, world.build_install_callback(first, OLGA, ACME)) == Connected("/settings")
    assert len(world.database.committed.versions) == 1
