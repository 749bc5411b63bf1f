"""What an account's owner has to approve first."""

import asyncio

from core.domain.deliveries.source_key import choose_lane
from core.domain.flows.flow import FlowStatus
from core.domain.provider_errors import ProviderUnavailable
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Connected
from tests.support.scenarios.install_results import connect, request_installation, revoke
from tests.support.scenarios.install_world import ACME, JONAS, MARA, OLGA, WORKSHOP, InstallWorld


async def test_approval_connects_the_requested_account(world: InstallWorld) -> None:
    """To the requester, by a delivery that names them and the account."""
    await request_installation(world)
    await world.announce(ACME, sender=OLGA, requester=JONAS)
    await world.drain()
    assert world.list_installations() == {}
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.list_installations() == {"Acme": ACME}
    assert world.flow().status is FlowStatus.COMPLETED


async def test_connected_installation_needs_no_approval(world: InstallWorld) -> None:
    """A late approval would connect it again after a disconnect."""
    await request_installation(world)
    await request_installation(world, "10")
    assert await connect(world, MARA, WORKSHOP) == Connected("/settings")
    await revoke(world)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.list_installations() == {}


async def test_approval_and_browser_connect_once(world: InstallWorld) -> None:
    """Both at once, in any order."""
    await request_installation(world)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    await asyncio.gather(world.drain(), world.finish(world.mara, world.build_install_callback(sent, MARA, ACME)))
    await world.drain()
    assert world.list_installations() == {"Acme": ACME}
    assert len(world.database.committed.versions) == 1


async def test_missing_requests_expire(world: InstallWorld) -> None:
    """After an hour, so that recovery can still find an approval."""
    await request_installation(world)
    await request_installation(world, "10")
    world.later(hours=2)
    end = world.installs.end_expired
    assert await end() == 0
    del world.provider.state.requests[0]
    world.provider.fail("list_installation_requests", ProviderUnavailable("No answer."))
    assert await end() == 0
    assert await end() == 1
    world.later(minutes=59)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.list_installations() == {"Acme": ACME}


async def test_deletes_ended_requests_and_flows(world: InstallWorld) -> None:
    """Of expired requests, and flows without a return."""
    await request_installation(world)
    await world.begin(world.mara, mode=InstallMode.NEW)
    world.later(hours=2)
    world.provider.state.requests.clear()
    end = world.installs.end_expired
    assert await end() == 1
    world.later(minutes=61)
    await world.announce(ACME, sender=OLGA, requester=MARA)
    await world.drain()
    assert world.list_installations() == {}
    assert await end() == 1
    world.later(days=3)
    assert await end() == 0
    assert not world.database.committed.flows


async def test_connecting_waits_for_running_batches(world: InstallWorld) -> None:
    """Otherwise an event could be ignored just after the waiting events were routed."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    async with world.unit_of_work() as tx:
        assert await tx.event_queue.try_lock(choose_lane(ACME))
        finishing = asyncio.create_task(world.finish(world.mara, came))
        for _ in range(200):  # far more turns than it takes
            await asyncio.sleep(0)
        assert world.provider.calls["revoke_user_token"]
        assert world.list_installations() == {}
    assert await finishing == Connected("/settings")
