"""Who may bring a state back, and how often."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.actors import ServiceActor, SystemActor
from core.domain.flows.flow import FlowExpired, FlowInProgress, FlowInterrupted, FlowInvalid
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Connected, RetryLater
from testing.builders.entities import PROVIDER
from tests.support.scenarios.connect_world import Browser
from tests.support.scenarios.install_results import expect_error, onward, open_choice, refusal
from tests.support.scenarios.install_world import ACME, MARAS, OLGA, InstallWorld, build_return


async def test_rejects_the_state_of_another_browser_or_user(world: InstallWorld) -> None:
    """Its owner can still continue."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    other = Browser(world.mara.person)
    await expect_error(world.finish(other, came), FlowInvalid)
    await expect_error(world.finish(Browser(world.jonas.person, world.mara.cookies), came), FlowInvalid)
    service = ServiceActor("deployer", frozenset({"git.admin"}), None, None)
    for session in (service, SystemActor("scheduler")):
        doing = world.installs.finish(PROVIDER, came, cookies=world.mara.cookies.get, session=session)
        await expect_error(doing, FlowInvalid)
    # Another flow's cookie is not this one's.
    await world.begin(world.mara)
    newest = world.flow().external_id
    shuffled = Browser(world.mara.person, dict.fromkeys(world.mara.cookies, world.mara.cookies[newest]))
    await expect_error(world.finish(shuffled, came), FlowInvalid)
    await expect_error(world.finish(world.mara, replace(came, state="made-up")), FlowInvalid)
    assert not world.provider.calls
    world.mara.is_signed_in = False  # a session is not needed
    assert await world.finish(world.mara, came) == Connected("/settings")


async def test_rejects_an_expired_state(world: InstallWorld) -> None:
    """After ten minutes, on the service's own page, too."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    world.later(minutes=10)
    await expect_error(world.finish(world.mara, came), FlowExpired)
    choice = await open_choice(world)
    world.later(minutes=10)
    await expect_error(world.choose(world.mara, choice.state, MARAS), FlowExpired)
    assert world.list_installations() == {}


async def test_retry_does_not_extend_the_flow(world: InstallWorld) -> None:
    sent = await world.begin(world.mara, mode=InstallMode.EXISTING)
    world.later(minutes=9)
    outcome = await world.finish(world.mara, build_return(sent, error="access_denied"))
    world.later(minutes=1)
    await expect_error(world.finish(world.mara, world.build_authorize_callback(onward(outcome), OLGA)), FlowExpired)


async def test_concurrent_returns_connect_once(world: InstallWorld) -> None:
    """One continues, and the others wait for the result."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    outcomes = await asyncio.gather(*(world.finish(world.mara, came) for _ in range(10)))
    assert outcomes == [Connected("/settings")] * 10
    assert world.provider.calls["exchange_code"] == 1
    assert len(world.database.committed.versions) == 1


async def test_continues_a_flow_of_a_dead_process(world: InstallWorld) -> None:
    """After the process is known to be dead, the user tries again."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    world.provider.fail("exchange_code", RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        await world.finish(world.mara, came)
    await expect_error(world.finish(world.mara, came), FlowInProgress)
    world.later(seconds=61)
    outcomes = await asyncio.gather(*(world.finish(world.mara, came) for _ in range(3)), return_exceptions=True)
    [outcome] = [one for one in outcomes if isinstance(one, RetryLater)]
    assert refusal(outcome) is FlowInterrupted
    assert [type(one) for one in outcomes if one is not outcome] == [FlowInvalid] * 2
    again = world.build_authorize_callback(onward(outcome), OLGA)
    assert await world.finish(world.mara, again) == Connected("/settings")
    assert world.list_installations() == {"Acme": ACME}


async def test_rejects_the_state_of_an_earlier_step(world: InstallWorld) -> None:
    """The next state has been issued."""
    sent = await world.begin(world.mara)
    came = build_return(sent, None, ACME, setup_action="install")
    await world.finish(world.mara, came)
    await expect_error(world.finish(world.mara, came), FlowInvalid)
