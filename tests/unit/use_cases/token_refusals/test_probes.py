"""A suspended integration is tried now and then, and is active again after a success."""

import pytest

from core.domain.integrations.integration import IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.streams.domain_event import DomainEventType
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import INSTALLATION, REFUSED, TokenWorld


async def test_it_is_active_again_after_the_next_success(world: TokenWorld) -> None:
    """Probes that fail change nothing; the first that gets a token ends it, and asks for a new catalog."""
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


async def test_probes_come_less_and_less_often(world: TokenWorld) -> None:
    """Minutes after the suspension at which the provider is asked, by a job that runs every minute."""
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.fail("mint_token", REFUSED, times=None)
    process, asked = world.process(), []
    for minute in range(400):
        before = world.provider.calls["mint_token"]
        await process.probe()
        if world.provider.calls["mint_token"] > before:
            asked.append(minute)
        world.later(minutes=1)
    assert asked == [5, 10, 20, 40, 80, 140, 200, 260, 320, 380]
    assert world.alerts.codes == []


async def test_a_probe_believes_no_stored_token(world: TokenWorld) -> None:
    """One made before the suspension proves nothing, however long it lasts."""
    process = world.process()
    await process.installation(world.integration)
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.fail("mint_token", REFUSED)
    world.later(minutes=5)
    assert await process.probe() == 0
    world.later(minutes=5)
    assert await process.probe() == 1
    assert (await world.now()).status is IntegrationStatus.ACTIVE


async def test_a_probe_learns_the_better_reason(world: TokenWorld) -> None:
    """Refused first and then suspended at the provider: what helps has changed, the status has not."""
    await world.change(world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.state.suspend(INSTALLATION)
    world.later(minutes=5)
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    assert await world.list_domain_events() == []


async def test_a_late_token_does_not_lift_a_newer_suspension(world: TokenWorld) -> None:
    """Suspended by a webhook between a probe's question and its answer, it stays suspended."""
    before = world.integration.suspend(StatusReason.TOKEN_REFUSED, at=NOW)
    await world.change(before)

    async def suspend(_: str) -> None:
        world.provider.before = None
        await world.change(before.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=world.clock.now()))

    world.later(minutes=5)
    world.provider.before = suspend
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER
