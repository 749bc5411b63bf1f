"""What is not the person's fault does not ask them to connect again."""

from datetime import timedelta

import pytest

from core.domain.errors import StorageUnavailable
from core.domain.provider_errors import AppRefused, ProviderUnavailable, RateLimited
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import TokenWorld


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), RateLimited(NOW + timedelta(hours=9), retry_after=60)])
async def test_an_outage_asks_nobody_to_connect_again(world: TokenWorld, error: Exception) -> None:
    """Callers are told to come back, and the next refresh that is answered is as good as any."""
    world.later(hours=8)
    world.provider.fail("refresh", error, times=3)
    for _ in range(3):
        with pytest.raises(type(error)):
            await world.process().user(world.connection)
    assert await world.get_connection() == world.connection
    await world.process().user(world.connection)
    assert (await world.trail(), world.alerts.codes) == ([], [])


async def test_a_refused_client_secret_is_not_the_persons_fault(world: TokenWorld) -> None:
    """Nobody has to connect again for it; one alert, and the provider is asked seldom."""
    world.later(hours=8)
    world.provider.accepts_app = False
    process = world.process()
    for _ in range(30):
        with pytest.raises(AppRefused):
            await process.user(world.connection)
        world.later(seconds=10)
    assert await world.get_connection() == world.connection
    assert world.alerts.codes == ["app_refused"]
    assert world.provider.calls["refresh"] <= 6
    world.provider.accepts_app = True
    world.later(minutes=5)
    await process.user(world.connection)
    world.later(hours=8)
    world.provider.accepts_app = False
    with pytest.raises(AppRefused):
        await process.user(world.connection)
    assert world.alerts.codes == ["app_refused"] * 2


async def test_tokens_survive_a_moment_without_storage(world: TokenWorld) -> None:
    """The provider knows only the new tokens by now, so writing them down is tried again."""
    world.later(hours=8)

    async def lose_storage(_: str) -> None:
        world.provider.before = None
        world.database.is_reachable = False

    async def pause(seconds: float) -> None:
        world.database.is_reachable = seconds > 1
        await world.pause(seconds)

    world.provider.before = lose_storage
    token = await world.process(pause=pause).user(world.connection)
    assert (await world.process().user(world.connection)).reveal() == token.reveal()


async def test_storage_that_stays_away_is_told(world: TokenWorld) -> None:
    """There is an end to trying."""
    world.later(hours=8)

    async def lose_storage(_: str) -> None:
        world.database.is_reachable = False

    world.provider.before = lose_storage
    with pytest.raises(StorageUnavailable):
        await world.process().user(world.connection)
    assert sum(world.paused) == pytest.approx(13.2)
