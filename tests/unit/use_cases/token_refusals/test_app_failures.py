"""An outage, or a rejected app key, does not suspend an installation."""

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
async def test_outage_of_ten_minutes_suspends_nothing(world: TokenWorld, outage: Callable[[], DomainError]) -> None:
    """Callers get a retryable error; nothing is written, no alert is sent."""
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


async def test_outage_during_a_probe_changes_nothing(world: TokenWorld) -> None:
    """The next probe is on time."""
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


async def test_rejected_app_suspends_nothing(world: TokenWorld) -> None:
    """One alert, and rare calls."""
    process = world.process()
    world.provider.accepts_app = False
    for _ in range(60):
        with pytest.raises(AppRefused) as error:
            await process.installation(world.integration)
        assert error.value.retry_after
        await process.renew()
        world.later(seconds=10)
    assert await world.now() == world.integration
    assert world.alerts.codes == ["app_refused"]
    assert world.provider.calls["mint_token"] <= 7
    world.provider.accepts_app = True
    world.later(minutes=5)
    await process.installation(world.integration)
    assert world.alerts.codes == ["app_refused"]


async def test_second_fault_sends_a_second_alert(world: TokenWorld) -> None:
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


async def test_processes_share_one_alert_about_a_rejected_app(world: TokenWorld) -> None:
    """And another one for the next fault."""
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


async def test_response_about_an_installation_proves_the_key(world: TokenWorld) -> None:
    """An error, too, so the next wrong key sends an alert."""
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


async def test_rejected_app_does_not_change_a_suspended_integration(world: TokenWorld) -> None:
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    before = await world.now()
    world.provider.accepts_app = False
    world.later(minutes=5)
    assert await world.process().probe() == 0
    assert await world.now() == before
