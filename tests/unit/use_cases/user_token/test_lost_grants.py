"""When the person is asked to connect again, and whose newer grant is never overwritten."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.actors import UserActor
from core.domain.audit import Change
from core.domain.connections import ConnectionStatus, ReconnectRequired
from core.domain.provider_errors import ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.lease import LEASE_DURATION
from core.use_cases.authorization import AccessControl
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.revoke_tokens import RevokeTokens
from testing.builders.entities import BY, PROVIDER
from testing.memory.directory import MemoryDirectory
from tests.support.conditions import until
from tests.support.scenarios.ports import AUTHORIZER
from tests.support.scenarios.token_world import PERSON, TokenWorld


async def test_invalid_refresh_token_needs_a_new_connection(world: TokenWorld) -> None:
    """In row, version and each later response; the provider is not called again."""
    world.provider.state.grants.clear()
    world.later(hours=8)
    for _ in range(3):
        with pytest.raises(ReconnectRequired):
            await world.process().user(world.connection)
    assert world.provider.calls["refresh"] == 1
    known = await world.get_connection()
    assert (known.status, known.status_reason) == (ConnectionStatus.RECONNECT_REQUIRED, "refresh_token_refused")
    with pytest.raises(ReconnectRequired):
        await world.process().user(known)
    [version] = await world.trail()
    assert version.changes["status"] == ["active", "reconnect_required"]
    assert (version.actor, world.alerts.codes) == ("system:tokens", [])
    assert (await world.user_row()).lease is None


async def test_lost_refresh_needs_a_new_connection(world: TokenWorld) -> None:
    """The process died before it stored the new tokens."""
    world.later(hours=8)

    async def die(_: str) -> None:
        world.provider.before = None
        world.provider.state.grants[:] = [replace(world.provider.state.grants[0], refresh="rotated")]
        await asyncio.Event().wait()

    world.provider.before = die
    dead = asyncio.create_task(world.process().user(world.connection))
    await until(lambda: _is_leased(world))
    with pytest.raises(ProviderUnavailable):
        await world.process().user(world.connection)
    assert (await world.get_connection()).is_active
    world.later(seconds=LEASE_DURATION.total_seconds())
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    assert (await world.get_connection()).status_reason == "rotation_lost"
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)


async def test_rejected_token_is_ignored_if_another_process_refreshed(world: TokenWorld) -> None:
    """The newer tokens of the row are used."""
    world.later(hours=8)

    async def be_faster(_: str) -> None:
        world.provider.before = None
        world.provider.state.grants.clear()
        await world.sign_in()

    world.provider.before = be_faster
    token = await world.process().user(world.connection)
    assert token.reveal() == world.provider.state.grants[0].access
    assert (await world.get_connection()).is_active


async def test_slow_refresh_restores_the_connection(world: TokenWorld) -> None:
    """Another process had given it up."""
    world.later(hours=8)
    requested, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        world.provider.before = None
        requested.set()
        await answer.wait()

    world.provider.before = hold
    slow = asyncio.create_task(world.process().user(world.connection))
    await requested.wait()
    world.later(seconds=LEASE_DURATION.total_seconds())
    grants = list(world.provider.state.grants)
    world.provider.state.grants.clear()
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    world.provider.state.grants[:] = grants
    answer.set()
    token = await slow
    known = await world.get_connection()
    assert (known.status, known.status_reason) == (ConnectionStatus.ACTIVE, None)
    assert (await world.process().user(known)).reveal() == token.reveal()


async def test_late_refresh_does_not_overwrite_a_new_connection(world: TokenWorld) -> None:
    world.later(hours=8)
    newer: list[Secret] = []

    async def sign_in(_: str) -> None:
        world.provider.before = None
        newer.append(await world.sign_in())

    world.provider.before = sign_in
    token = await world.process().user(world.connection)
    assert token.reveal() == newer[0].reveal()
    assert (await world.process().user(world.connection)).reveal() == newer[0].reveal()


async def test_revoked_connection_stores_no_late_tokens(world: TokenWorld) -> None:
    world.later(hours=8)

    async def withdraw(_: str) -> None:
        world.provider.before = None
        known = await world.get_connection()
        await world.change_connection(replace(known, status=ConnectionStatus.REVOKED, status_reason="x"))

    world.provider.before = withdraw
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    assert (await world.user_row()).tokens is None
    assert (await world.get_connection()).status is ConnectionStatus.REVOKED


async def _is_leased(world: TokenWorld) -> bool:
    return (await world.user_row()).lease is not None


@pytest.mark.parametrize("returns", [False, True])
async def test_revokes_a_grant_refreshed_during_a_disconnect(world: TokenWorld, *, returns: bool) -> None:
    """The token that the disconnect recorded is invalid by then."""
    world.later(hours=8)
    disconnect = DisconnectAccount(
        world.unit_of_work,
        AccessControl(MemoryDirectory(world.database), AUTHORIZER, {PROVIDER}),
        world.cipher,
        world.clock,
    )
    person = UserActor(world.connection.user_id, uuid4())

    async def disconnects(_: float) -> None:
        # They wait once before they write, and again before they look again.
        if world.paused:
            return
        await world.pause(0)
        await disconnect(person, provider=PROVIDER)
        if returns:
            await _connect_again(world)

    with pytest.raises(ReconnectRequired):
        await world.process(pause=disconnects).user(world.connection)
    revoke = RevokeTokens(world.unit_of_work, {PROVIDER: world.provider}, world.cipher, world.clock)
    await revoke()
    assert len(world.provider.state.grants) == returns


async def _connect_again(world: TokenWorld) -> None:
    """Connect the user again, with another row and the tokens of another grant."""
    world.provider.state.grant(PERSON)
    async with world.unit_of_work() as tx:
        reconnected = replace(world.connection, id=await tx.connections.next_id(), external_id=uuid4())
        await tx.connections.apply([Change(None, reconnected, BY)])
        await tx.commit()
