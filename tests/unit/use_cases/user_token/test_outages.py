"""What is not the person's fault does not ask them to connect again."""

from datetime import timedelta

import pytest

from core.domain.errors import StorageUnavailable
from core.domain.provider_errors import AppRefused, ProviderUnavailable, RateLimited
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import TokenWorld


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), RateLimited(NOW + timedelta(hours=9), retry_after=60)])
async def test_outage_does_not_require_a_new_connection(world: TokenWorld, error: Exception) -> None:
    """Callers get a retryable error."""
    world.later(hours=8)
    world.provider.fail("refresh", error, times=3)
    for _ in range(3):
        with pytest.raises(type(error)):
            await world.process().user(world.connection)
    assert await world.get_connection() == world.connection
    await world.process().user(world.connection)
    assert (await world.trail(), world.alerts.codes) == ([], [])


async def test_rejected_client_secret_does_not_affect_users(world: TokenWorld) -> None:
    """One alert, and rare calls."""
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


async def test_retries_to_store_refreshed_tokens(world: TokenWorld) -> None:
    """The provider accepts only the new ones."""
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


async def test_reports_a_long_storage_outage(world: TokenWorld) -> None:
    world.later(hours=8)

    async def lose_storage(_: str) -> None:
        world.database.is_reachable = False

    world.provider.before = lose_storage
    with pytest.raises(StorageUnavailable):
        await world.process().user(world.connection)
    assert sum(world.paused) == pytest.approx(13.2)
