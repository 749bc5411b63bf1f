"""One token per installation, asked for once, whoever wants it."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.integrations.integration import IntegrationNotActive, StatusReason
from core.domain.provider_errors import CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.lease import LEASE_DURATION
from core.use_cases.tokens.token_refresher import Pause
from ports.encryption import CiphertextRefused
from tests.support.conditions import until
from tests.support.scenarios.token_world import INSTALLATION, TokenWorld, token_world


@pytest.fixture
async def world() -> TokenWorld:
    """Give an installed app."""
    return await token_world()


async def test_a_token_is_made_on_demand_and_kept(world: TokenWorld) -> None:
    """This process knows it from then on, another one reads it from the row, and nobody asks again."""
    one, other = world.process(), world.process()
    token = await one.installation(world.integration)
    assert world.provider.state.installation_tokens.keys() == {token.reveal()}
    assert await one.installation(world.integration) is token
    assert (await other.installation(world.integration)).reveal() == token.reveal()
    assert world.provider.calls["mint_token"] == 1


async def test_it_is_stored_for_this_row_alone(world: TokenWorld) -> None:
    """The row holds no readable token, and what it holds opens nothing elsewhere."""
    token = await world.process().installation(world.integration)
    stored = (await world.row()).tokens
    assert stored is not None
    assert token.reveal() not in stored.access
    context = f"git_integrations.access_token:{world.integration.external_id}"
    assert world.cipher.decrypt(stored.access, context=context).reveal() == token.reveal()
    with pytest.raises(CiphertextRefused):
        world.cipher.decrypt(stored.access, context="git_integrations.access_token:other")
    assert await world.trail() == []


async def test_one_that_ends_soon_is_replaced(world: TokenWorld) -> None:
    """Whoever is given a token can use it for two minutes at least."""
    process = world.process()
    first = await process.installation(world.integration)
    world.later(minutes=57)
    assert await process.installation(world.integration) is first
    world.later(minutes=1)
    assert (await process.installation(world.integration)).reveal() != first.reveal()


async def test_twenty_at_once_in_three_processes_ask_once(world: TokenWorld) -> None:
    """One asks; the others, here and elsewhere, wait for what it gets."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        asked.set()
        await answer.wait()

    world.provider.before = hold
    processes = [world.process(pause=_yield) for _ in range(3)]
    calls = [asyncio.create_task(processes[number % 3].installation(world.integration)) for number in range(20)]
    await asked.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    answer.set()
    tokens = {(await call).reveal() for call in calls}
    assert len(tokens) == 1
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).lease is None


async def test_callers_of_one_process_wait_together(world: TokenWorld) -> None:
    """They share one caller's question instead of looking at the row each for themselves."""

    async def take_a_moment(_: str) -> None:
        await asyncio.sleep(0)

    world.provider.before = take_a_moment
    process = world.process()
    tokens = await asyncio.gather(*(process.installation(world.integration) for _ in range(20)))
    assert len({token.reveal() for token in tokens}) == 1
    assert world.paused == []


async def test_one_who_stops_waiting_loses_nobodys_token(world: TokenWorld) -> None:
    """The first caller hangs up; what it began is finished, kept, and given to the next."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        asked.set()
        await answer.wait()

    world.provider.before = hold
    process = world.process()
    call = asyncio.create_task(process.installation(world.integration))
    await asked.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    answer.set()
    await process.installation(world.integration)
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).tokens is not None


async def test_who_died_asking_is_replaced_when_the_lease_ends(world: TokenWorld) -> None:
    """A process that took the lease and vanished holds others up until its time is over, and no longer."""
    dead = asyncio.create_task(_die_asking(world))
    await until(lambda: _is_leased(world))
    with pytest.raises(ProviderUnavailable):
        await world.process().installation(world.integration)
    assert sum(world.paused) == pytest.approx(9.75)
    world.later(seconds=LEASE_DURATION.total_seconds())
    world.provider.before = None
    await world.process().installation(world.integration)
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    assert world.provider.calls["mint_token"] == 2


async def test_those_who_waited_for_nothing_do_not_ask_in_turn(world: TokenWorld) -> None:
    """When the one who asked got no answer, the others are told so instead of trying one after the other."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        asked.set()
        await answer.wait()

    world.provider.before = hold
    world.provider.fail("mint_token", ProviderUnavailable("down"))
    first = asyncio.create_task(world.process(pause=_yield).installation(world.integration))
    await asked.wait()
    others = [
        asyncio.create_task(world.process(pause=_after(answer)).installation(world.integration)) for _ in range(4)
    ]
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ProviderUnavailable] * 5
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).lease is None


async def test_a_refused_token_is_replaced_once_for_all(world: TokenWorld) -> None:
    """Whoever found the token dead gets another, and so do those who find it dead later."""
    one, other = world.process(), world.process()
    dead = await one.installation(world.integration)
    await other.installation(world.integration)
    fresh = await one.installation(world.integration, instead_of=dead)
    assert fresh.reveal() != dead.reveal()
    assert (await other.installation(world.integration, instead_of=dead)).reveal() == fresh.reveal()
    assert world.provider.calls["mint_token"] == 2


async def test_a_provider_that_repeats_itself_is_not_asked_for_ever(world: TokenWorld) -> None:
    """One that gives the refused token again and again is a refusal."""
    process = world.process()
    world.provider.state.numbers = count(1, 0)
    dead = await process.installation(world.integration)
    with pytest.raises(CredentialRefused):
        await process.installation(world.integration, instead_of=dead)
    assert world.provider.calls["mint_token"] == 4


@pytest.mark.parametrize("reason", [StatusReason.SUSPENDED_ON_PROVIDER, StatusReason.TOKEN_REFUSED])
async def test_a_suspended_integration_has_no_token(world: TokenWorld, reason: StatusReason) -> None:
    """Not even one this process still knows; the provider is not asked."""
    process = world.process()
    await process.installation(world.integration)
    suspended = world.integration.suspend(reason, at=world.clock.now())
    await world.change(suspended)
    with pytest.raises(IntegrationNotActive):
        await process.installation(suspended)
    # One who had loaded it before is told as soon as it looks at the row.
    world.later(hours=1)
    with pytest.raises(IntegrationNotActive):
        await process.installation(world.integration)
    assert world.provider.calls["mint_token"] == 1


async def test_a_new_binding_has_its_own_token(world: TokenWorld) -> None:
    """The token of the old installation opens nothing of the new one, in the row or in a process."""
    process = world.process()
    old = await process.installation(world.integration)
    world.provider.state.install("42")
    revoked = world.integration.revoke(StatusReason.DISCONNECTED, at=world.clock.now())
    await world.change(revoked)
    assert (await world.row()).tokens is None
    await world.change(replace(world.integration, provider_id="42"))
    token = await process.installation(await world.now())
    assert token.reveal() != old.reveal()
    assert world.provider.state.installation_tokens[token.reveal()].provider_id == "42"


async def test_an_answer_for_an_old_binding_is_not_kept(world: TokenWorld) -> None:
    """An organization that was bound anew while its old installation was asked for keeps nothing of it."""
    world.provider.state.install("42")

    async def rebind(_: str) -> None:
        world.provider.before = None
        await world.change(replace(world.integration, provider_id="42"))

    world.provider.before = rebind
    with pytest.raises(IntegrationNotActive):
        await world.process().installation(world.integration)
    assert (await world.row()).tokens is None


async def test_a_missing_key_is_told_and_nothing_overwritten(world: TokenWorld) -> None:
    """A row that this process cannot read is left for one that can."""
    await world.process().installation(world.integration)
    before = await world.row()
    other_key = AesGcmCipher([("k2", Secret(base64.b64encode(bytes([1] * 32)).decode()))])
    with pytest.raises(CiphertextRefused):
        await world.process(cipher=other_key).installation(world.integration)
    assert await world.row() == before


async def test_the_job_renews_ten_minutes_early(world: TokenWorld) -> None:
    """Before that there is nothing to do; then one renews, and nobody ever waits."""
    process = world.process()
    first = await process.installation(world.integration)
    world.later(minutes=49)
    assert await process.renew() == 0
    world.later(minutes=2)
    assert await process.renew() == 1
    assert await process.renew() == 0
    assert (await process.installation(world.integration)).reveal() != first.reveal()
    assert world.provider.calls["mint_token"] == 2


async def test_the_job_leaves_those_alone_who_never_asked(world: TokenWorld) -> None:
    """An integration without a token is not given one, and a revoked one is not asked about."""
    process = world.process()
    assert await process.renew() == 0
    await process.installation(world.integration)
    await world.change(world.integration.revoke(StatusReason.DISCONNECTED, at=world.clock.now()))
    world.later(hours=1)
    assert await process.renew() == 0
    assert world.provider.calls["mint_token"] == 1


async def test_three_jobs_at_once_renew_once(world: TokenWorld) -> None:
    """Schedulers that run beside each other by mistake do no harm."""
    processes = [world.process(pause=_yield) for _ in range(3)]
    await processes[0].installation(world.integration)
    world.later(minutes=55)
    assert sum(await asyncio.gather(*(process.renew() for process in processes))) == 3
    assert world.provider.calls["mint_token"] == 2


async def test_an_hour_of_calls_costs_one_token(world: TokenWorld) -> None:
    """With the job every minute and a call every minute, each token is used until it is renewed."""
    process = world.process()
    for _ in range(49):
        await process.renew()
        await process.installation(world.integration)
        world.later(minutes=1)
    assert world.provider.calls["mint_token"] == 1
    assert world.provider.state.installations[INSTALLATION].facts.suspended_at is None


async def _yield(_: float) -> None:
    await asyncio.sleep(0)


def _after(event: asyncio.Event) -> Pause:
    async def pause(_: float) -> None:
        event.set()
        await asyncio.sleep(0)

    return pause


async def _die_asking(world: TokenWorld) -> None:
    async def never(_: str) -> None:
        await asyncio.Event().wait()

    world.provider.before = never
    await world.process().installation(world.integration)


async def _is_leased(world: TokenWorld) -> bool:
    lease = (await world.row()).lease
    return lease is not None and lease.until - world.clock.now() > timedelta(0)
