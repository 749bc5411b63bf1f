"""One token per installation, requested once for all callers."""

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


async def test_mints_a_token_on_demand_and_stores_it(world: TokenWorld) -> None:
    """Later calls use memory or the row."""
    one, other = world.process(), world.process()
    token = await one.installation(world.integration)
    assert world.provider.state.installation_tokens.keys() == {token.reveal()}
    assert await one.installation(world.integration) is token
    assert (await other.installation(world.integration)).reveal() == token.reveal()
    assert world.provider.calls["mint_token"] == 1


async def test_stored_token_is_bound_to_its_row(world: TokenWorld) -> None:
    """Encrypted."""
    token = await world.process().installation(world.integration)
    stored = (await world.row()).tokens
    assert stored is not None
    assert token.reveal() not in stored.access
    context = f"git_integrations.access_token:{world.integration.external_id}"
    assert world.cipher.decrypt(stored.access, context=context).reveal() == token.reveal()
    with pytest.raises(CiphertextRefused):
        world.cipher.decrypt(stored.access, context="git_integrations.access_token:other")
    assert await world.trail() == []


async def test_replaces_a_token_that_expires_soon(world: TokenWorld) -> None:
    """A returned token is valid for two minutes at least."""
    process = world.process()
    first = await process.installation(world.integration)
    world.later(minutes=57)
    assert await process.installation(world.integration) is first
    world.later(minutes=1)
    assert (await process.installation(world.integration)).reveal() != first.reveal()


async def test_twenty_callers_of_three_processes_mint_once(world: TokenWorld) -> None:
    requested, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        requested.set()
        await answer.wait()

    world.provider.before = hold
    processes = [world.process(pause=_yield) for _ in range(3)]
    calls = [asyncio.create_task(processes[number % 3].installation(world.integration)) for number in range(20)]
    await requested.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    answer.set()
    tokens = {(await call).reveal() for call in calls}
    assert len(tokens) == 1
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).lease is None


async def test_callers_of_one_process_share_a_request(world: TokenWorld) -> None:

    async def take_a_moment(_: str) -> None:
        await asyncio.sleep(0)

    world.provider.before = take_a_moment
    process = world.process()
    tokens = await asyncio.gather(*(process.installation(world.integration) for _ in range(20)))
    assert len({token.reveal() for token in tokens}) == 1
    assert world.paused == []


async def test_cancelled_caller_does_not_cancel_the_request(world: TokenWorld) -> None:
    """The result is stored for the next caller."""
    requested, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        requested.set()
        await answer.wait()

    world.provider.before = hold
    process = world.process()
    call = asyncio.create_task(process.installation(world.integration))
    await requested.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    answer.set()
    await process.installation(world.integration)
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).tokens is not None


async def test_next_caller_continues_after_the_lease_expires(world: TokenWorld) -> None:
    """If the process that held it died."""
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


async def test_waiting_callers_share_the_error(world: TokenWorld) -> None:
    """Instead of retrying one after the other."""
    requested, answer = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        requested.set()
        await answer.wait()

    world.provider.before = hold
    world.provider.fail("mint_token", ProviderUnavailable("down"))
    first = asyncio.create_task(world.process(pause=_yield).installation(world.integration))
    await requested.wait()
    others = [
        asyncio.create_task(world.process(pause=_after(answer)).installation(world.integration)) for _ in range(4)
    ]
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ProviderUnavailable] * 5
    assert world.provider.calls["mint_token"] == 1
    assert (await world.row()).lease is None


async def test_replaces_a_rejected_token_once(world: TokenWorld) -> None:
    """For all callers."""
    one, other = world.process(), world.process()
    dead = await one.installation(world.integration)
    await other.installation(world.integration)
    fresh = await one.installation(world.integration, instead_of=dead)
    assert fresh.reveal() != dead.reveal()
    assert (await other.installation(world.integration, instead_of=dead)).reveal() == fresh.reveal()
    assert world.provider.calls["mint_token"] == 2


async def test_repeated_rejected_token_is_an_error(world: TokenWorld) -> None:
    """If the provider returns the same token again."""
    process = world.process()
    world.provider.state.numbers = count(1, 0)
    dead = await process.installation(world.integration)
    with pytest.raises(CredentialRefused):
        await process.installation(world.integration, instead_of=dead)
    assert world.provider.calls["mint_token"] == 4


@pytest.mark.parametrize("reason", [StatusReason.SUSPENDED_ON_PROVIDER, StatusReason.TOKEN_REFUSED])
async def test_suspended_integration_has_no_token(world: TokenWorld, reason: StatusReason) -> None:
    """Cached tokens are not used, and the provider is not called."""
    process = world.process()
    await process.installation(world.integration)
    suspended = world.integration.suspend(reason, at=world.clock.now())
    await world.change(suspended)
    with pytest.raises(IntegrationNotActive):
        await process.installation(suspended)
    # A caller that loaded it before gets the error when it reads the row.
    world.later(hours=1)
    with pytest.raises(IntegrationNotActive):
        await process.installation(world.integration)
    assert world.provider.calls["mint_token"] == 1


async def test_new_installation_has_its_own_token(world: TokenWorld) -> None:
    """In the row and in each process."""
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


async def test_response_for_a_former_installation_is_dropped(world: TokenWorld) -> None:
    """If the organization connected another one meanwhile."""
    world.provider.state.install("42")

    async def rebind(_: str) -> None:
        world.provider.before = None
        await world.change(replace(world.integration, provider_id="42"))

    world.provider.before = rebind
    with pytest.raises(IntegrationNotActive):
        await world.process().installation(world.integration)
    assert (await world.row()).tokens is None


async def test_missing_key_is_reported_and_overwrites_nothing(world: TokenWorld) -> None:
    """Another process may have the key."""
    await world.process().installation(world.integration)
    before = await world.row()
    other_key = AesGcmCipher([("k2", Secret(base64.b64encode(bytes([1] * 32)).decode()))])
    with pytest.raises(CiphertextRefused):
        await world.process(cipher=other_key).installation(world.integration)
    assert await world.row() == before


async def test_job_renews_ten_minutes_early(world: TokenWorld) -> None:
    """Callers never wait."""
    process = world.process()
    first = await process.installation(world.integration)
    world.later(minutes=49)
    assert await process.renew() == 0
    world.later(minutes=2)
    assert await process.renew() == 1
    assert await process.renew() == 0
    assert (await process.installation(world.integration)).reveal() != first.reveal()
    assert world.provider.calls["mint_token"] == 2


async def test_job_skips_integrations_without_a_token(world: TokenWorld) -> None:
    """And revoked ones."""
    process = world.process()
    assert await process.renew() == 0
    await process.installation(world.integration)
    await world.change(world.integration.revoke(StatusReason.DISCONNECTED, at=world.clock.now()))
    world.later(hours=1)
    assert await process.renew() == 0
    assert world.provider.calls["mint_token"] == 1


async def test_three_concurrent_jobs_renew_once(world: TokenWorld) -> None:
    processes = [world.process(pause=_yield) for _ in range(3)]
    await processes[0].installation(world.integration)
    world.later(minutes=55)
    assert sum(await asyncio.gather(*(process.renew() for process in processes))) == 3
    assert world.provider.calls["mint_token"] == 2


async def test_one_token_per_hour_of_calls(world: TokenWorld) -> None:
    """With a job and a call each minute."""
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
