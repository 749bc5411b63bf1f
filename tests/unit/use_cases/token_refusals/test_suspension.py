"""An installation whose tokens are rejected repeatedly is suspended; a deleted installation is revoked."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain.audit import Change
from core.domain.errors import DomainError
from core.domain.integrations.integration import Integration, IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.provider_errors import InstallationGone, InstallationSuspended, PermissionMissing
from core.domain.streams.domain_event import DomainEventType, IntegrationData
from testing.builders.entities import BY, build_integration
from testing.memory.seed import seed_organization
from tests.support.builders.domain import NOW
from tests.support.scenarios.token_world import INSTALLATION, REFUSED, TokenWorld


@pytest.mark.parametrize("refusals", [1, 2])
async def test_fewer_than_three_errors_suspend_nothing(world: TokenWorld, refusals: int) -> None:
    world.provider.fail("mint_token", REFUSED, times=refusals)
    await world.process().installation(world.integration)
    assert [pause for pause in world.paused if pause] == [2.0, 4.0][:refusals]
    assert (await world.now(), world.alerts.codes) == (world.integration, [])


@pytest.mark.parametrize("error", [REFUSED, PermissionMissing("not granted")], ids=["refused", "permission"])
async def test_three_errors_suspend_with_one_alert(world: TokenWorld, error: DomainError) -> None:
    """With version and event; until a probe the provider is not called."""
    world.provider.fail("mint_token", error, times=None)
    processes = [world.process(), world.process()]
    for process in processes * 3:
        with pytest.raises(IntegrationNotActive, match="tries again automatically"):
            await process.installation(world.integration)
    after = await world.now()
    assert (after.status, after.status_reason) == (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED)
    assert after.status_changed_at == NOW + timedelta(seconds=6)
    assert world.alerts.codes == ["integration_suspended"]
    assert world.provider.calls["mint_token"] == 3
    [version] = await world.trail()
    assert version.actor == "system:tokens"
    assert version.changes["status"] == ["active", "suspended"]
    [event] = await world.list_domain_events()
    assert event.type is DomainEventType.INTEGRATION_SUSPENDED
    assert isinstance(event.data, IntegrationData)
    assert (event.data.status, event.data.reason) == ("suspended", "token_refused")


async def test_suspension_at_the_provider_suspends(world: TokenWorld) -> None:
    """At once, without an alert."""
    world.provider.state.suspend(INSTALLATION)
    with pytest.raises(IntegrationNotActive, match="unsuspend it there"):
        await world.process().installation(world.integration)
    after = await world.now()
    assert after.status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    assert (world.provider.calls["mint_token"], world.alerts.codes) == (1, [])
    world.provider.state.suspend(INSTALLATION, suspended=False)
    world.later(minutes=5)
    assert await world.process().probe() == 1
    assert (await world.now()).status is IntegrationStatus.ACTIVE


async def test_revokes_a_deleted_installation(world: TokenWorld) -> None:
    """With its token."""
    process = world.process()
    await process.installation(world.integration)
    del world.provider.state.installations[INSTALLATION]
    world.later(hours=1)
    with pytest.raises(IntegrationNotActive, match="Connect it again"):
        await process.installation(world.integration)
    after = await world.now()
    assert (after.status, after.status_reason) == (IntegrationStatus.REVOKED, StatusReason.UNINSTALLED_ON_PROVIDER)
    assert (await world.row()).tokens is None
    assert [event.type for event in await world.list_domain_events()] == [DomainEventType.INTEGRATION_REVOKED]
    world.later(hours=2)
    assert (await process.probe(), await process.renew()) == (0, 0)
    assert world.provider.calls["mint_token"] == 2


@pytest.mark.parametrize("answer", [InstallationSuspended("x"), InstallationGone("x"), REFUSED])
async def test_late_response_changes_nothing(world: TokenWorld, answer: DomainError) -> None:
    """A webhook changed the integration during the call."""
    suspended = world.integration.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=NOW)
    await world.change(suspended)
    world.provider.fail("mint_token", answer, times=None)

    async def unsuspend(_: str) -> None:
        world.provider.before = None
        await world.change(suspended.activate(at=world.clock.now()))

    world.later(minutes=5)
    world.provider.before = unsuspend
    assert await world.process().probe() == 0
    assert (await world.now()).status is IntegrationStatus.ACTIVE
    assert world.alerts.codes == []


async def test_rejected_installation_does_not_delay_others(world: TokenWorld) -> None:
    """The job renews the others."""
    process = world.process()
    others = await _three_more(world)
    for integration in (world.integration, *others):
        await process.installation(integration)
    world.later(minutes=55)
    del world.provider.state.installations[INSTALLATION]
    assert await process.renew() == 3
    assert (await world.now()).is_revoked


async def _three_more(world: TokenWorld) -> list[Integration]:
    found = []
    for number in ("51", "52", "53"):
        world.provider.state.install(number)
        organization = await seed_organization(world.database, uuid4(), name=number)
        async with world.unit_of_work() as tx:
            integration = build_integration(await tx.integrations.next_id(), organization, provider_id=number)
            await tx.integrations.apply([Change(None, integration, BY)])
            await tx.commit()
        found.append(integration)
    return found
