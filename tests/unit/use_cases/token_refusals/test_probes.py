"""A suspended integration is tried now and then, and is active again after a success."""

import pytest

from core.domain.integrations.integration import IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.streams.domain_event import DomainEventType
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import INSTALLATION, REFUSED, TokenWorld


async def test_next_success_ends_the_suspension(world: TokenWorld) -> None:
    """And requests a sync; failed probes change nothing."""
    process = world.process()
    world.provider.fail("mint_token", REFUSED, times=5)
    with pytest.raises(IntegrationNotActive):
        await process.installation(world.integration)
    for minutes in (5, 5):
        assert await process.probe() == 0
        world.later(minutes=minutes)
        assert await process.probe() == 0
        assert (await world.now()).status is IntegrationStatus.SUSPENDED
    world.later(minutes=10, seconds=1)
    assert await process.probe() == 1
    after = await world.now()
    assert (after.status, after.status_reason) == (IntegrationStatus.ACTIVE, None)
    assert after.sync_requested_at == after.status_changed_at == world.clock.now()
    await process.installation(after)
    assert world.provider.calls["mint_token"] == 6
    assert world.alerts.codes == ["integration_suspended"]
    assert [event.type for event in await world.list_domain_events()] == [
        DomainEventType.INTEGRATION_SUSPENDED,
        DomainEventType.INTEGRATION_ACTIVATED,
    ]


async def test_probes_become_rarer(world: TokenWorld) -> None:
    """Minutes after the suspension, with a job that runs every minute."""
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.fail("mint_token", REFUSED, times=None)
    process, calls = world.process(), []
    for minute in range(400):
        before = world.provider.calls["mint_token"]
        await process.probe()
        if world.provider.calls["mint_token"] > before:
            calls.append(minute)
        world.later(minutes=1)
    assert calls == [5, 10, 20, 40, 80, 140, 200, 260, 320, 380]
    assert world.alerts.codes == []


async def test_probe_does_not_use_a_stored_token(world: TokenWorld) -> None:
    """A token from before the suspension proves nothing."""
    process = world.process()
    await process.installation(world.integration)
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.fail("mint_token", REFUSED)
    world.later(minutes=5)
    assert await process.probe() == 0
    world.later(minutes=5)
    assert await process.probe() == 1
    assert (await world.now()).status is IntegrationStatus.ACTIVE


async def test_probe_updates_the_reason(world: TokenWorld) -> None:
    """First rejected, then suspended at the provider: the remedy changes."""
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.state.suspend(INSTALLATION)
    world.later(minutes=5)
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    assert await world.list_domain_events() == []


async def test_late_token_does_not_end_a_newer_suspension(world: TokenWorld) -> None:
    """A webhook suspended it during the probe."""
    before = world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW)
    await world.change(before)

    async def suspend(_: str) -> None:
        world.provider.before = None
        await world.change(before.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=world.clock.now()))

    world.later(minutes=5)
    world.provider.before = suspend
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER
