"""What proves an installation to be someone's to connect, and everything that does not."""

import pytest

from core.domain.errors import DomainError
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.install.claims import InstallationNotProven, InstallationNotVisible
from core.domain.integrations.integration import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.provider import InstallationGone
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Connected
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.install_results import connect, leaves_nothing, onward, refusal, refused
from tests.support.scenarios.install_world import (
    ACME,
    EMPTY,
    JONAS,
    MARA,
    MARAS,
    OLGA,
    WORKSHOP,
    InstallWorld,
    returned,
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
async def test_whoever_has_no_proof_binds_nothing(
    world: InstallWorld, account: str, installation_id: str, reason: type[DomainError]
) -> None:
    """Whatever number stands in the URL, with the code or remembered for later."""
    assert refusal(await connect(world, account, installation_id)) is reason
    sent = await world.begin(world.mara)
    outcome = await world.finish(world.mara, returned(sent, None, installation_id, setup_action="install"))
    outcome = await world.finish(world.mara, world.authorized(onward(outcome), account))
    assert refusal(outcome) is reason
    assert world.bound() == {}
    assert leaves_nothing(world)


async def test_an_empty_installation_proves_nothing_to_who_sees_it(world: InstallWorld) -> None:
    """Administering all of no repositories is no proof; having installed it just now is."""
    there = world.provider.world
    there.people[ProviderUserId(MARA)].sees.add(RepoId("5"))
    there.installations[EMPTY].repositories[RepoId("5")] = facts("5")
    sent = await world.begin(world.mara)
    outcome = await world.finish(world.mara, world.installed(sent, MARA, EMPTY))
    assert refusal(outcome) is InstallationNotProven
    await world.announce(EMPTY, sender=MARA)
    assert await world.finish(world.mara, world.authorized(onward(outcome), MARA)) == Connected("/settings")
    assert world.bound() == {"Acme": EMPTY}


@pytest.mark.parametrize("is_drained", [True, False])
async def test_a_signed_delivery_proves_it(world: InstallWorld, *, is_drained: bool) -> None:
    """That this person installed it, received after they had begun to; processed yet or not."""
    sent = await world.begin(world.mara)
    await world.announce(ACME, sender=MARA)
    if is_drained:
        await world.drain()
    assert await world.finish(world.mara, world.installed(sent, MARA, ACME)) == Connected("/settings")
    await world.drain()
    assert {event.status.value for event in world.database.committed.events.values()} == {"processed"}


@pytest.mark.parametrize(
    ("sender", "account", "is_early"), [(OLGA, None, False), (MARA, "10", False), (MARA, None, True)]
)
async def test_a_delivery_that_says_something_else_proves_nothing(
    world: InstallWorld, sender: str, account: str | None, *, is_early: bool
) -> None:
    """Someone else's doing, another account's, or what came before this flow."""
    if is_early:
        await world.announce(ACME, sender=sender, account=account)
        world.later(seconds=1)
    sent = await world.begin(world.mara)
    if not is_early:
        await world.announce(ACME, sender=sender, account=account)
    outcome = await world.finish(world.mara, world.installed(sent, MARA, ACME))
    assert refusal(outcome) is InstallationNotProven
    assert world.bound() == {}


async def test_whoever_requested_it_may_bind_it_however_late(world: InstallWorld) -> None:
    """The owner approved exactly their request, whatever became of the flow that asked."""
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    world.later(hours=3)
    assert await connect(world, JONAS, ACME) != Connected("/settings")
    assert await connect(world, MARA, ACME) == Connected("/settings")


async def test_what_another_organization_has_stays_there(world: InstallWorld) -> None:
    """However well it is proven; that organization is not named, and nobody else learns that there is one."""
    sent = await world.begin(world.jonas, world.zenith)
    await world.finish(world.jonas, world.installed(sent, OLGA, ACME))
    for mode in (InstallMode.NEW, InstallMode.EXISTING):
        sent = await world.begin(world.mara, mode=mode)
        came = world.installed(sent, OLGA, ACME) if sent.is_for_installing else world.authorized(sent, OLGA)
        told = await refused(world.finish(world.mara, came), InstallationBoundElsewhere)
        assert "Zenith" not in told.message
    # Someone without proof is told that, not that it is connected.
    assert refusal(await connect(world, JONAS, ACME)) is InstallationNotProven
    assert world.bound() == {"Zenith": ACME}


async def test_taken_ones_are_not_offered_beside_free_ones(world: InstallWorld) -> None:
    """They would only be refused."""
    sent = await world.begin(world.jonas, world.zenith)
    await world.finish(world.jonas, world.installed(sent, MARA, WORKSHOP))
    came = world.authorized(await world.begin(world.mara, mode=InstallMode.EXISTING), MARA)
    assert await world.finish(world.mara, came) == Connected("/settings")
    assert world.bound() == {"Zenith": WORKSHOP, "Acme": MARAS}


async def test_a_second_installation_is_refused(world: InstallWorld) -> None:
    """At the beginning, and where the first one came while this flow was on its way."""
    first, second = await world.begin(world.mara), await world.begin(world.mara)
    assert await world.finish(world.mara, world.installed(first, OLGA, ACME)) == Connected("/settings")
    came = world.installed(second, MARA, WORKSHOP)
    await refused(world.finish(world.mara, came), OrganizationAlreadyConnected)
    await refused(world.begin(world.mara), OrganizationAlreadyConnected)
    assert world.bound() == {"Acme": ACME}


async def test_two_tabs_connect_the_same_once(world: InstallWorld) -> None:
    """The second finds it done."""
    first, second = await world.begin(world.mara), await world.begin(world.mara, return_to="/other")
    assert await world.finish(world.mara, world.installed(second, OLGA, ACME)) == Connected("/other")
    assert await world.finish(world.mara, world.installed(first, OLGA, ACME)) == Connected("/settings")
    assert len(world.database.committed.versions) == 1
