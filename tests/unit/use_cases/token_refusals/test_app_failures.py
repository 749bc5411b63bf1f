"""An outage, or a key of ours that is refused, is no installation's fault."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.errors import DomainError
from core.domain.integrations.integration import IntegrationNotActive, StatusReason
from core.domain.provider_errors import AppRefused, ProviderUnavailable, RateLimited
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import INSTALLATION, TokenWorld


@pytest.mark.parametrize(
    "outage",
    [lambda: ProviderUnavailable("status 500"), lambda: RateLimited(NOW + timedelta(minutes=9), retry_after=540)],
    ids=["500", "rate_limited"],
)
async def test_ten_minutes_of_outage_suspend_nobody(world: TokenWorld, outage: Callable[[], DomainError]) -> None:
    """Callers are told to come back; nothing is written, nobody is called, and it is over by itself."""
    process = world.process()
    await process.installation(world.integration)
    world.later(minutes=55)
    world.provider.fail("*", outage(), times=None)
    for _ in range(40):
        assert await process.renew() == 0
        assert await process.probe() == 0
        if world.clock.now() >= NOW + timedelta(minutes=59):
            with pytest.raises(type(outage())):
                await process.installation(world.integration)
        world.later(seconds=15)
    assert await world.now() == world.integration
    assert (await world.trail(), await world.list_domain_events(), world.alerts.codes) == ([], [], [])
    world.provider.heal()
    await process.installation(world.integration)
    assert await world.now() == world.integration


async def test_an_outage_does_not_suspend_whoever_is_suspended_already_anew(world: TokenWorld) -> None:
    """A probe that gets no answer says nothing, and the next one comes at its time."""
    suspended = world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW)
    await world.change(suspended)
    process = world.process()
    world.provider.fail("*", ProviderUnavailable("status 500"), times=None)
    world.later(minutes=5)
    assert await process.probe() == 0
    assert (await world.now()).status_changed_at == NOW
    world.provider.heal()
    world.later(minutes=5)
    assert await process.probe() == 1


async def test_a_refused_app_is_nobodys_fault_but_ours(world: TokenWorld) -> None:
    """Nobody is suspended, one alert is sent, and a provider that refuses our key is asked seldom."""
    process = world.process()
    world.provider.accepts_app = False
    for _ in range(60):
        with pytest.raises(AppRefused) as told:
            await process.installation(world.integration)
        assert told.value.retry_after
        await process.renew()
        world.later(seconds=10)
    assert await world.now() == world.integration
    assert world.alerts.codes == ["app_refused"]
    assert world.provider.calls["mint_token"] <= 7
    world.provider.accepts_app = True
    world.later(minutes=5)
    await process.installation(world.integration)
    assert world.alerts.codes == ["app_refused"]


async def test_a_mended_key_that_breaks_again_is_told_again(world: TokenWorld) -> None:
    """One alert a fault, not one for all time."""
    process = world.process()
    for times in (1, 2):
        world.provider.accepts_app = False
        with pytest.raises(AppRefused):
            await process.installation(world.integration)
        assert world.alerts.codes == ["app_refused"] * times
        world.provider.accepts_app = True
        world.later(minutes=1)
        await process.installation(world.integration)
        world.later(hours=1)


async def test_many_processes_that_meet_a_refused_app_tell_it_once(world: TokenWorld) -> None:
    """And once more when it breaks again, whichever of them met that it was mended."""
    processes = [world.process() for _ in range(4)]
    for times in (1, 2):
        world.provider.accepts_app = False
        for process in processes:
            with pytest.raises(AppRefused):
                await process.installation(world.integration)
        assert world.alerts.codes == ["app_refused"] * times
        world.provider.accepts_app = True
        world.later(minutes=5)
        await processes[-times].installation(world.integration)
        world.later(hours=1)


async def test_an_answer_about_an_installation_shows_that_our_key_is_good(world: TokenWorld) -> None:
    """Even one that says no ends the pause, so that the next wrong key is told."""
    process = world.process()
    world.provider.accepts_app = False
    with pytest.raises(AppRefused):
        await process.installation(world.integration)
    world.provider.accepts_app = True
    world.later(minutes=1)
    world.provider.state.suspend(INSTALLATION)
    with pytest.raises(IntegrationNotActive):
        await process.installation(world.integration)
    world.provider.accepts_app = False
    world.later(minutes=5)
    await process.probe()
    assert world.alerts.codes == ["app_refused", "app_refused"]


async def test_a_suspended_integration_survives_a_refused_app(world: TokenWorld) -> None:
    """A probe refused for our key changes nothing either."""
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    before = await world.now()
    world.provider.accepts_app = False
    world.later(minutes=5)
    assert await world.process().probe() == 0
    assert await world.now() == before
