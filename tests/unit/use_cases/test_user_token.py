"""A person's tokens: a refresh token works once, so one refreshes and writes down before anyone uses them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.provider import FakeProvider
from core.domain.actors import UserActor
from core.domain.changes import Change
from core.domain.connections import ConnectionStatus, ReconnectRequired
from core.domain.errors import StorageUnavailable
from core.domain.provider import AppRefused, ProviderUnavailable, RateLimited, UserTokens
from core.domain.secret import Secret
from core.domain.token_lease import LEASE
from core.use_cases.connections.disconnect import DisconnectAccount
from core.use_cases.connections.revoke import RevokeTokens
from core.use_cases.tokens.sealing import open_access_token, open_refresh_token, seal_user_tokens
from tests.support.builders import BY, PROVIDER
from tests.support.catalog import AUTHORIZER
from tests.support.conditions import until
from tests.support.domain import NOW
from tests.support.token_world import PERSON, TokenWorld, token_world


@pytest.fixture
async def world() -> TokenWorld:
    """Give a person whose account is connected."""
    world = await token_world()
    await world.sign_in()
    return world


async def test_a_good_token_is_given_as_it_is(world: TokenWorld) -> None:
    """As long as it lasts nobody asks the provider for another."""
    token = await world.process().user(world.connection)
    world.later(hours=7, minutes=57)
    assert (await world.process().user(world.connection)).reveal() == token.reveal()
    assert world.provider.calls["refresh"] == 0
    assert (await world.provider.person(token)).login == "mara"


async def test_one_that_ends_is_refreshed_and_kept(world: TokenWorld) -> None:
    """Both new tokens are in the row, encrypted for it alone, before the first is used."""
    old = await world.process().user(world.connection)
    world.later(hours=8)
    token = await world.process().user(world.connection)
    assert token.reveal() != old.reveal()
    assert (await world.process().user(world.connection)).reveal() == token.reveal()
    assert world.provider.calls["refresh"] == 1
    row, [grant] = await world.user_row(), world.provider.world.grants
    assert row.tokens is not None
    assert row.lease is None
    external_id = world.connection.external_id
    assert open_access_token(world.cipher, external_id, row.tokens).reveal() == grant.access
    refresh = open_refresh_token(world.cipher, external_id, row.tokens)
    assert refresh is not None
    assert refresh.reveal() == grant.refresh
    assert not {grant.access, grant.refresh} & {row.tokens.access, row.tokens.refresh}
    assert await world.trail() == []


async def test_twenty_at_once_in_three_processes_refresh_once(world: TokenWorld) -> None:
    """A second refresh would lock the person out, so the others wait for the first."""
    world.later(hours=8)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        asked.set()
        await answer.wait()

    world.provider.before = hold
    processes = [world.process(pause=_yield) for _ in range(3)]
    calls = [asyncio.create_task(processes[number % 3].user(world.connection)) for number in range(20)]
    await asked.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    answer.set()
    assert len({(await call).reveal() for call in calls}) == 1
    assert world.provider.calls["refresh"] == 1
    assert (await world.connected()).is_active


async def test_a_hundred_refreshes_in_a_row(world: TokenWorld) -> None:
    """Each uses the refresh token of the one before."""
    for _ in range(100):
        world.later(hours=8)
        await world.process().user(world.connection)
    assert world.provider.calls["refresh"] == 100
    assert (await world.user_row()).generation == 101


async def test_a_dead_refresh_token_asks_for_its_person(world: TokenWorld) -> None:
    """The row, the trail and every later caller tell so; the provider is not asked again."""
    world.provider.world.grants.clear()
    world.later(hours=8)
    for _ in range(3):
        with pytest.raises(ReconnectRequired):
            await world.process().user(world.connection)
    assert world.provider.calls["refresh"] == 1
    known = await world.connected()
    assert (known.status, known.status_reason) == (
        ConnectionStatus.RECONNECT_REQUIRED,
        "refresh_token_refused",
    )
    with pytest.raises(ReconnectRequired):
        await world.process().user(known)
    [version] = await world.trail()
    assert version.changes["status"] == ["active", "reconnect_required"]
    assert (version.actor, world.alerts.codes) == ("system:tokens", [])
    assert (await world.user_row()).lease is None


async def test_a_rotation_lost_in_a_crash_asks_for_the_person(world: TokenWorld) -> None:
    """The provider has given new tokens to a process that died before writing them down."""
    world.later(hours=8)

    async def die(_: str) -> None:
        world.provider.before = None
        world.provider.world.grants[:] = [replace(world.provider.world.grants[0], refresh="rotated")]
        await asyncio.Event().wait()

    world.provider.before = die
    dead = asyncio.create_task(world.process().user(world.connection))
    await until(lambda: _is_leased(world))
    with pytest.raises(ProviderUnavailable):
        await world.process().user(world.connection)
    assert (await world.connected()).is_active
    world.later(seconds=LEASE.total_seconds())
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    assert (await world.connected()).status_reason == "rotation_lost"
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)


async def test_a_token_refused_because_another_was_faster_is_no_refusal(world: TokenWorld) -> None:
    """The row holds newer tokens than those refused: they are used, and the person is left alone."""
    world.later(hours=8)

    async def be_faster(_: str) -> None:
        world.provider.before = None
        world.provider.world.grants.clear()
        await world.sign_in()

    world.provider.before = be_faster
    token = await world.process().user(world.connection)
    assert token.reveal() == world.provider.world.grants[0].access
    assert (await world.connected()).is_active


async def test_who_was_only_slow_brings_the_connection_back(world: TokenWorld) -> None:
    """Another took its slowness for death and gave up; the new tokens arrive all the same, and count."""
    world.later(hours=8)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        world.provider.before = None
        asked.set()
        await answer.wait()

    world.provider.before = hold
    slow = asyncio.create_task(world.process().user(world.connection))
    await asked.wait()
    world.later(seconds=LEASE.total_seconds())
    grants = list(world.provider.world.grants)
    world.provider.world.grants.clear()
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    world.provider.world.grants[:] = grants
    answer.set()
    token = await slow
    known = await world.connected()
    assert (known.status, known.status_reason) == (ConnectionStatus.ACTIVE, None)
    assert (await world.process().user(known)).reveal() == token.reveal()


async def test_a_newer_sign_in_is_never_overwritten(world: TokenWorld) -> None:
    """A refresh that ends after the person has connected anew is dropped."""
    world.later(hours=8)
    newer: list[Secret] = []

    async def sign_in(_: str) -> None:
        world.provider.before = None
        newer.append(await world.sign_in())

    world.provider.before = sign_in
    token = await world.process().user(world.connection)
    assert token.reveal() == newer[0].reveal()
    assert (await world.process().user(world.connection)).reveal() == newer[0].reveal()


async def test_a_withdrawn_connection_keeps_no_late_tokens(world: TokenWorld) -> None:
    """The person took the authorization back while it was refreshed: nothing is stored, nothing is given."""
    world.later(hours=8)

    async def withdraw(_: str) -> None:
        world.provider.before = None
        known = await world.connected()
        await world.change_connection(replace(known, status=ConnectionStatus.REVOKED, status_reason="x"))

    world.provider.before = withdraw
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection)
    assert (await world.user_row()).tokens is None
    assert (await world.connected()).status is ConnectionStatus.REVOKED


@pytest.mark.parametrize(
    "error", [ProviderUnavailable("down"), RateLimited(NOW + timedelta(hours=9), retry_after=60)]
)
async def test_an_outage_asks_nobody_to_connect_again(world: TokenWorld, error: Exception) -> None:
    """Callers are told to come back, and the next refresh that is answered is as good as any."""
    world.later(hours=8)
    world.provider.fail("refresh", error, times=3)
    for _ in range(3):
        with pytest.raises(type(error)):
            await world.process().user(world.connection)
    assert await world.connected() == world.connection
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
    assert await world.connected() == world.connection
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


async def test_a_refused_access_token_is_refreshed_though_it_has_time_left(world: TokenWorld) -> None:
    """The caller has seen it refused; those who have not share what comes instead."""
    dead = await world.process().user(world.connection)
    fresh = await world.process().user(world.connection, instead_of=dead)
    assert fresh.reveal() != dead.reveal()
    assert (await world.process().user(world.connection, instead_of=dead)).reveal() == fresh.reveal()
    assert world.provider.calls["refresh"] == 1


async def test_a_token_without_an_end_is_never_refreshed(world: TokenWorld) -> None:
    """Where the app's tokens do not end there is nothing to refresh; refused, only the person can help."""
    forever = UserTokens(Secret("ghu_forever"), None, None, None)
    sealed = seal_user_tokens(world.cipher, world.connection.external_id, forever)
    async with world.unit_of_work() as tx:
        await tx.user_tokens.replace(world.connection.id, sealed)
        await tx.commit()
    world.later(days=400)
    token = await world.process().user(world.connection)
    assert token.reveal() == "ghu_forever"
    with pytest.raises(ReconnectRequired):
        await world.process().user(world.connection, instead_of=token)
    assert (await world.connected()).status_reason == "token_ended"
    assert world.provider.calls["refresh"] == 0


class _KeepsRefreshTokens(FakeProvider):
    """A provider whose refresh tokens work again and again."""

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Give an access token alone."""
        tokens = await super().refresh(refresh_token)
        self.world.grants[-1] = replace(self.world.grants[-1], refresh=refresh_token.reveal())
        return replace(tokens, refresh_token=None)


async def test_a_refresh_token_that_is_not_replaced_is_kept(world: TokenWorld) -> None:
    """Not every provider rotates them."""
    keeping = _KeepsRefreshTokens(world.clock)
    keeping.world = world.provider.world
    world.provider = keeping
    for _ in range(3):
        world.later(hours=8)
        await world.process().user(world.connection)
    assert keeping.calls["refresh"] == 3
    assert (await world.connected()).is_active


async def _yield(_: float) -> None:
    await asyncio.sleep(0)


async def _is_leased(world: TokenWorld) -> bool:
    return (await world.user_row()).lease is not None


@pytest.mark.parametrize("returns", [False, True])
async def test_a_grant_renewed_amid_a_disconnect_is_let_go(world: TokenWorld, *, returns: bool) -> None:
    """What the disconnect noted died with the refresh; what came for it must not stay behind.

    Who has connected again meanwhile keeps the grant, which all their tokens share.
    """
    world.later(hours=8)
    disconnect = DisconnectAccount(world.unit_of_work, AUTHORIZER, {PROVIDER}, world.cipher, world.clock)
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
    assert len(world.provider.world.grants) == returns


async def _connect_again(world: TokenWorld) -> None:
    """Let the person connect anew, which makes another row and another grant's tokens."""
    world.provider.world.grant(PERSON)
    async with world.unit_of_work() as tx:
        anew = replace(world.connection, id=await tx.connections.next_id(), external_id=uuid4())
        await tx.connections.apply([Change(None, anew, BY)])
        await tx.commit()
