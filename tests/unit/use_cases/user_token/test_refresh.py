"""A person's token is given while it lasts, and refreshed once when it ends."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.connections import ReconnectRequired
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.tokens.encryption import decrypt_access_token, decrypt_refresh_token, encrypt_user_tokens
from testing.memory.provider import FakeProvider
from tests.support.scenarios.token_world import TokenWorld


async def test_returns_a_valid_token(world: TokenWorld) -> None:
    """Without a call to the provider."""
    token = await world.process().user(world.connection)
    world.later(hours=7, minutes=57)
    assert (await world.process().user(world.connection)).reveal() == token.reveal()
    assert world.provider.calls["refresh"] == 0
    assert (await world.provider.get_person(token)).login == "mara"


async def test_refreshes_and_stores_an_expiring_token(world: TokenWorld) -> None:
    """Both new tokens are encrypted in the row before their first use."""
    old = await world.process().user(world.connection)
    world.later(hours=8)
    token = await world.process().user(world.connection)
    assert token.reveal() != old.reveal()
    assert (await world.process().user(world.connection)).reveal() == token.reveal()
    assert world.provider.calls["refresh"] == 1
    row, [grant] = await world.user_row(), world.provider.state.grants
    assert row.tokens is not None
    assert row.lease is None
    external_id = world.connection.external_id
    assert decrypt_access_token(world.cipher, external_id, row.tokens).reveal() == grant.access
    refresh = decrypt_refresh_token(world.cipher, external_id, row.tokens)
    assert refresh is not None
    assert refresh.reveal() == grant.refresh
    assert not {grant.access, grant.refresh} & {row.tokens.access, row.tokens.refresh}
    assert await world.trail() == []


async def test_twenty_callers_of_three_processes_refresh_once(world: TokenWorld) -> None:
    """A second refresh would lock the user out."""
    world.later(hours=8)
    requested, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        requested.set()
        await answer.wait()

    world.provider.before = hold
    processes = [world.process(pause=_yield) for _ in range(3)]
    calls = [asyncio.create_task(processes[number % 3].user(world.connection)) for number in range(20)]
    await requested.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    answer.set()
    assert len({(await call).reveal() for call in calls}) == 1
    assert world.provider.calls["refresh"] == 1
    assert (await world.get_connection()).is_active


async def test_refreshes_a_hundred_times(world: TokenWorld) -> None:
    """Each with the refresh token of the one before."""
    for _ in range(100):
        world.later(hours=8)
        await world.process().user(world.connection)
    assert world.provider.calls["refresh"] == 100
    assert (await world.user_row()).generation == 101


async def test_refreshes_a_rejected_token_early(world: TokenWorld) -> None:
    """All callers share the result."""
    dead = await world.process().user(world.connection)
    fresh = await world.process().user(world.connection, instead_of=dead)
    assert fresh.reveal() != dead.reveal()
    assert (await world.process().user(world.connection, instead_of=dead)).reveal() == fresh.reveal()
    assert world.provider.calls["refresh"] == 1


async def test_never_refreshes_a_token_without_expiry(world: TokenWorld) -> None:
    """If it is rejected, the user has to connect again."""
    forever = UserTokens(Secret("ghu_forever"), None, None, None)
    sealed = encrypt_user_tokens(world.cipher, world.connection.external_id, forever)
    async with world.unit_of_work() as tx:
        await tx.user_tokens.replace(world.connection.id, sealed)
        await tx.commit()
    world.later(days=400)
    token = await world.process().user(world.connection)
    assert token.reveal() == "ghu_forever"
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection, instead_of=token)
    assert (await world.get_connection()).status_reason == "token_ended"
    assert world.provider.calls["refresh"] == 0


class _KeepsRefreshTokens(FakeProvider):
    """A provider whose refresh tokens work again and again."""

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Give an access token alone."""
        tokens = await super().refresh(refresh_token)
        self.state.grants[-1] = replace(self.state.grants[-1], refresh=refresh_token.reveal())
        return replace(tokens, refresh_token=None)


async def test_keeps_a_refresh_token_that_is_not_replaced(world: TokenWorld) -> None:
    """Not every provider rotates them."""
    keeping = _KeepsRefreshTokens(world.clock)
    keeping.state = world.provider.state
    world.provider = keeping
    for _ in range(3):
        world.later(hours=8)
        await world.process().user(world.connection)
    assert keeping.calls["refresh"] == 3
    assert (await world.get_connection()).is_active


async def _yield(_: float) -> None:
    await asyncio.sleep(0)
