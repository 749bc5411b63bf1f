"""What an account's owner has to approve first."""

import asyncio

from core.domain.events.lanes import choose_lane
from core.domain.flows.flow import FlowStatus
from core.domain.provider import ProviderUnavailable
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Connected
from tests.support.scenarios.install_results import asked_for, connect, revoke
from tests.support.scenarios.install_world import ACME, JONAS, MARA, OLGA, WORKSHOP, InstallWorld


async def test_an_approval_binds_what_was_asked_for(world: InstallWorld) -> None:
    """To who asked, by a delivery that names them and the account."""
    await asked_for(world)
    await world.announce(ACME, sender=OLGA, requester=JONAS)
    await world.drain()
    assert world.bound() == {}
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.bound() == {"Acme": ACME}
    assert world.flow().status is FlowStatus.COMPLETED


async def test_what_was_connected_otherwise_awaits_no_approval(world: InstallWorld) -> None:
    """However often it was asked for: a late approval would connect it once more when this one is gone."""
    await asked_for(world)
    await asked_for(world, "10")
    assert await connect(world, MARA, WORKSHOP) == Connected("/settings")
    await revoke(world)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.bound() == {}


async def test_the_approval_meets_the_browser(world: InstallWorld) -> None:
    """Both come at once, in either order, and it is bound once."""
    await asked_for(world)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    await asyncio.gather(world.drain(), world.finish(world.mara, world.installed(sent, MARA, ACME)))
    await world.drain()
    assert world.bound() == {"Acme": ACME}
    assert len(world.database.committed.versions) == 1


async def test_requests_that_are_gone_lapse(world: InstallWorld) -> None:
    """An hour later, so that an approval that is still to be recovered finds them."""
    await asked_for(world)
    await asked_for(world, "10")
    world.later(hours=2)
    end = world.installs.end_expired
    assert await end() == 0
    del world.provider.world.requests[0]
    world.provider.fail("list_installation_requests", ProviderUnavailable("No answer."))
    assert await end() == 0
    assert await end() == 1
    world.later(minutes=59)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.bound() == {"Acme": ACME}


async def test_lapsed_requests_are_over_and_forgotten(world: InstallWorld) -> None:
    """Those of expired ones too, and flows that nobody came back from."""
    await asked_for(world)
    await world.begin(world.mara, mode=InstallMode.NEW)
    world.later(hours=2)
    world.provider.world.requests.clear()
    end = world.installs.end_expired
    assert await end() == 1
    world.later(minutes=61)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.bound() == {}
    assert await end() == 1
    world.later(days=3)
    assert await end() == 0
    assert not world.database.committed.flows


async def test_a_binding_waits_for_what_is_being_processed(world: InstallWorld) -> None:
    """Or an event of the installation could be settled as nobody's just after those that wait were routed."""
    came = world.installed(await world.begin(world.mara), OLGA, ACME)
    async with world.unit_of_work() as tx:
        assert await tx.event_queue.try_lock(choose_lane(ACME))
        finishing = asyncio.create_task(world.finish(world.mara, came))
        for _ in range(200):  # far more turns than it takes
            await asyncio.sleep(0)
        assert world.provider.calls["revoke_user_token"]
        assert world.bound() == {}
    assert await finishing == Connected("/settings")
