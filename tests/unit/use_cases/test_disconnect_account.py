"""Disconnecting one's account, revoking what was granted, and looking up who people are now."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.connections import ConnectionStatus
from core.domain.provider_errors import AppRefused, ProviderUnavailable
from testing.builders.entities import PROVIDER
from tests.support.scenarios.connect_world import MARAS, ConnectingWorld, expect_rejection, has_no_connection


@pytest.fixture
async def world() -> ConnectingWorld:
    """Give two people and a provider."""
    world = ConnectingWorld()
    await world.populate()
    return world


async def test_disconnecting_deletes_and_revokes(world: ConnectingWorld) -> None:
    """The row at once; the grant as soon as the provider responds."""
    await world.connect(world.mara, "7")
    world.provider.state.grant(world.provider.state.people[MARAS].facts.id)
    for _ in range(2):
        await world.people.disconnect(world.mara.person, provider=PROVIDER)
    assert await world.connection(world.mara) is None
    world.provider.fail("revoke_grant", ProviderUnavailable("The provider does not respond. Try again later."))
    assert await world.people.revoke_tokens() == 0
    assert len(world.provider.state.grants) == 2
    assert await world.people.revoke_tokens() == 0, "it is not due yet"
    world.clock.advance(timedelta(minutes=1))
    assert await world.process().revoke_tokens() == 1
    assert world.provider.state.grants == []
    assert await has_no_connection(world)


async def test_revokes_a_grant_with_an_expired_token(world: ConnectingWorld) -> None:
    """The refresh token gets a new one; if it has expired, too, nothing is left."""
    await world.connect(world.mara, "7")
    grants = world.provider.state.grants
    world.provider.state.grants[:] = [replace(grants[0], access="ended")]
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    assert await world.people.revoke_tokens() == 1
    assert world.provider.state.grants == []
    await world.connect(world.mara, "7")
    world.provider.state.grants.clear()
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    assert await world.people.revoke_tokens() == 1
    assert not world.database.committed.revocations


async def test_reconnecting_keeps_the_new_tokens(world: ConnectingWorld) -> None:
    """A waiting revocation then ends only its own token."""
    await world.connect(world.mara, "7")
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    await world.connect(world.mara, "7")
    assert await world.people.revoke_tokens() == 1
    assert len(world.provider.state.grants) == 1
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    async with world.unit_of_work() as tx:
        now = world.clock.now()
        [taken] = await tx.user_tokens.claim_revocations(now=now, until=now + timedelta(minutes=2), limit=10)
        await tx.commit()
    assert taken.whole_grant
    returned = world.authorize("7", await world.begin(world.mara))
    error = await expect_rejection(world, world.mara, returned, ProviderUnavailable)
    assert error.retry_after


async def test_gives_up_a_revocation_after_a_month(world: ConnectingWorld) -> None:
    """With growing pauses."""
    await world.connect(world.mara, "7")
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    world.provider.fail(
        "revoke_grant", AppRefused("The provider rejected the app's key. An operator must correct it."), times=None
    )
    tries = 0
    while world.database.committed.revocations:
        await world.people.revoke_tokens()
        world.clock.advance(timedelta(hours=1))
        tries += 1
        assert tries < 1000
    assert tries > 24 * 29


async def test_refreshes_identities_daily(world: ConnectingWorld) -> None:
    """Login and addresses are updated once, by any process."""
    connection = await world.connect(world.mara, "7")
    person = world.provider.state.people[MARAS]
    person.facts, person.emails = replace(person.facts, login="mara-new"), ["new@acme.example"]
    assert await world.people.look_up_identities() == 0
    world.clock.advance(timedelta(days=1))
    counts = await asyncio.gather(*(world.process().look_up_identities() for _ in range(3)))
    assert sum(counts) == 1
    after = await world.connection(world.mara)
    assert after is not None
    assert after.provider_username == "mara-new"
    assert await world.emails(connection) == ["new@acme.example"]
    assert await world.people.look_up_identities() == 0


async def test_retries_a_failed_identity_refresh(world: ConnectingWorld) -> None:
    """An hour later; the stored identity stays."""
    connection = await world.connect(world.mara, "7")
    world.clock.advance(timedelta(days=1))
    world.provider.fail("get_person", ProviderUnavailable("The provider does not respond. Try again later."))
    assert await world.people.look_up_identities() == 0
    assert await world.people.look_up_identities() == 0
    world.clock.advance(timedelta(hours=1))
    assert await world.people.look_up_identities() == 1
    assert await world.emails(connection) == ["m@home.example", "mara@acme.example"]


async def test_identity_refresh_finds_an_invalid_refresh_token(world: ConnectingWorld) -> None:
    """The user has to connect again."""
    await world.connect(world.mara, "7")
    world.provider.state.grants.clear()
    world.clock.advance(timedelta(days=1))
    assert await world.people.look_up_identities() == 0
    after = await world.connection(world.mara)
    assert after is not None
    assert after.status is ConnectionStatus.RECONNECT_REQUIRED
