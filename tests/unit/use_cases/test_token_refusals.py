"""What becomes of an integration whose installation gets no token: refused is not unavailable."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.seed import seed_organization
from core.domain.changes import Change
from core.domain.domain_events import DomainEventType, IntegrationData
from core.domain.errors import DomainError
from core.domain.integrations import Integration, IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.provider import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from tests.support.builders import BY, an_integration
from tests.support.domain import NOW
from tests.support.token_world import INSTALLATION, TokenWorld, token_world

REFUSED = CredentialRefused("no token for this installation")


@pytest.fixture
async def world() -> TokenWorld:
    """Give an installed app."""
    return await token_world()


@pytest.mark.parametrize(
    "outage",
    [
        lambda: ProviderUnavailable("status 500"),
        lambda: RateLimited(NOW + timedelta(minutes=9), retry_after=540),
    ],
    ids=["500", "rate_limited"],
)
async def test_ten_minutes_of_outage_suspend_nobody(
    world: TokenWorld, outage: Callable[[], DomainError]
) -> None:
    """Callers are told to come back; nothing is written, nobody is called, and it is over by itself."""
    process = world.process()
    await process.installation(world.integration)
    world.later(minutes=55)
    world.provider.fail("*", outage(), times=None)
    for _ in range(40):
        assert await process.renew() == 0
        assert await process.probe() == 0
        if world.clock.now() >= NOW + timedelta(minutes=59):
            with pytest.raises(type(outage())):
                await process.installation(world.integration)
        world.later(seconds=15)
    assert await world.now() == world.integration
    assert (await world.trail(), await world.told(), world.alerts.codes) == ([], [], [])
    world.provider.heal()
    await process.installation(world.integration)
    assert await world.now() == world.integration


async def test_an_outage_does_not_suspend_whoever_is_suspended_already_anew(world: TokenWorld) -> None:
    """A probe that gets no answer says nothing, and the next one comes at its time."""
    suspended = world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW)
    await world.change(suspended)
    process = world.process()
    world.provider.fail("*", ProviderUnavailable("status 500"), times=None)
    world.later(minutes=5)
    assert await process.probe() == 0
    assert (await world.now()).status_changed_at == NOW
    world.provider.heal()
    world.later(minutes=5)
    assert await process.probe() == 1


async def test_a_refused_app_is_nobodys_fault_but_ours(world: TokenWorld) -> None:
    """Nobody is suspended, one alert is sent, and a provider that refuses our key is asked seldom."""
    process = world.process()
    world.provider.accepts_app = False
    for _ in range(60):
        with pytest.raises(AppRefused) as told:
            await process.installation(world.integration)
        assert told.value.retry_after
        await process.renew()
        world.later(seconds=10)
    assert await world.now() == world.integration
    assert world.alerts.codes == ["app_refused"]
    assert world.provider.calls["mint_token"] <= 7
    world.provider.accepts_app = True
    world.later(minutes=5)
    await process.installation(world.integration)
    assert world.alerts.codes == ["app_refused"]


async def test_a_mended_key_that_breaks_again_is_told_again(world: TokenWorld) -> None:
    """One alert a fault, not one for all time."""
    process = world.process()
    for times in (1, 2):
        world.provider.accepts_app = False
        with pytest.raises(AppRefused):
            await process.installation(world.integration)
        assert world.alerts.codes == ["app_refused"] * times
        world.provider.accepts_app = True
        world.later(minutes=1)
        await process.installation(world.integration)
        world.later(hours=1)


async def test_many_processes_that_meet_a_refused_app_tell_it_once(world: TokenWorld) -> None:
    """And once more when it breaks again, whichever of them met that it was mended."""
    processes = [world.process() for _ in range(4)]
    for times in (1, 2):
        world.provider.accepts_app = False
        for process in processes:
            with pytest.raises(AppRefused):
                await process.installation(world.integration)
        assert world.alerts.codes == ["app_refused"] * times
        world.provider.accepts_app = True
        world.later(minutes=5)
        await processes[-times].installation(world.integration)
        world.later(hours=1)


async def test_an_answer_about_an_installation_shows_that_our_key_is_good(world: TokenWorld) -> None:
    """Even one that says no ends the pause, so that the next wrong key is told."""
    process = world.process()
    world.provider.accepts_app = False
    with pytest.raises(AppRefused):
        await process.installation(world.integration)
    world.provider.accepts_app = True
    world.later(minutes=1)
    world.provider.world.suspend(INSTALLATION)
    with pytest.raises(IntegrationNotActive):
        await process.installation(world.integration)
    world.provider.accepts_app = False
    world.later(minutes=5)
    await process.probe()
    assert world.alerts.codes == ["app_refused", "app_refused"]


async def test_a_suspended_integration_survives_a_refused_app(world: TokenWorld) -> None:
    """A probe refused for our key changes nothing either."""
    await world.change(world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW))
    before = await world.now()
    world.provider.accepts_app = False
    world.later(minutes=5)
    assert await world.process().probe() == 0
    assert await world.now() == before


@pytest.mark.parametrize("refusals", [1, 2])
async def test_fewer_than_three_refusals_suspend_nobody(world: TokenWorld, refusals: int) -> None:
    """A token that comes at the second or third attempt is a token."""
    world.provider.fail("mint_token", REFUSED, times=refusals)
    await world.process().installation(world.integration)
    assert [pause for pause in world.paused if pause] == [2.0, 4.0][:refusals]
    assert (await world.now(), world.alerts.codes) == (world.integration, [])


@pytest.mark.parametrize("error", [REFUSED, PermissionMissing("not granted")], ids=["refused", "permission"])
async def test_three_refusals_suspend_with_one_alert(world: TokenWorld, error: DomainError) -> None:
    """Its row, its trail and consumers tell why; until a probe nobody asks the provider again."""
    world.provider.fail("mint_token", error, times=None)
    processes = [world.process(), world.process()]
    for process in processes * 3:
        with pytest.raises(IntegrationNotActive, match="go on trying"):
            await process.installation(world.integration)
    after = await world.now()
    assert (after.status, after.status_reason) == (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED)
    assert after.status_changed_at == NOW + timedelta(seconds=6)
    assert world.alerts.codes == ["integration_suspended"]
    assert world.provider.calls["mint_token"] == 3
    [version] = await world.trail()
    assert version.actor == "system:tokens"
    assert version.changes["status"] == ["active", "suspended"]
    [event] = await world.told()
    assert event.type is DomainEventType.INTEGRATION_SUSPENDED
    assert isinstance(event.data, IntegrationData)
    assert (event.data.status, event.data.reason) == ("suspended", "token_refused")


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
    assert [event.type for event in await world.told()] == [
        DomainEventType.INTEGRATION_SUSPENDED,
        DomainEventType.INTEGRATION_ACTIVATED,
    ]


async def test_probes_come_less_and_less_often(world: TokenWorld) -> None:
    """Minutes after the suspension at which the provider is asked, by a job that runs every minute."""
    await world.change(world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW))
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
    await world.change(world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.fail("mint_token", REFUSED)
    world.later(minutes=5)
    assert await process.probe() == 0
    world.later(minutes=5)
    assert await process.probe() == 1
    assert (await world.now()).status is IntegrationStatus.ACTIVE


async def test_suspended_at_the_provider_is_suspended_here(world: TokenWorld) -> None:
    """At once and without an alert: its owner did it, and lifts it there."""
    world.provider.world.suspend(INSTALLATION)
    with pytest.raises(IntegrationNotActive, match="lift that"):
        await world.process().installation(world.integration)
    after = await world.now()
    assert after.status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    assert (world.provider.calls["mint_token"], world.alerts.codes) == (1, [])
    world.provider.world.suspend(INSTALLATION, suspended=False)
    world.later(minutes=5)
    assert await world.process().probe() == 1
    assert (await world.now()).status is IntegrationStatus.ACTIVE


async def test_a_probe_learns_the_better_reason(world: TokenWorld) -> None:
    """Refused first and then suspended at the provider: what helps has changed, the status has not."""
    await world.change(world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW))
    world.provider.world.suspend(INSTALLATION)
    world.later(minutes=5)
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    assert await world.told() == []


async def test_an_installation_that_is_gone_is_revoked(world: TokenWorld) -> None:
    """Its token goes with it, and nothing but a new binding brings it back."""
    process = world.process()
    await process.installation(world.integration)
    del world.provider.world.installations[INSTALLATION]
    world.later(hours=1)
    with pytest.raises(IntegrationNotActive, match="connect it again"):
        await process.installation(world.integration)
    after = await world.now()
    assert (after.status, after.status_reason) == (
        IntegrationStatus.REVOKED,
        StatusReason.UNINSTALLED_ON_PROVIDER,
    )
    assert (await world.row()).tokens is None
    assert [event.type for event in await world.told()] == [DomainEventType.INTEGRATION_REVOKED]
    world.later(hours=2)
    assert (await process.probe(), await process.renew()) == (0, 0)
    assert world.provider.calls["mint_token"] == 2


@pytest.mark.parametrize("answer", [InstallationSuspended("x"), InstallationGone("x"), REFUSED])
async def test_an_answer_that_came_too_late_changes_nothing(world: TokenWorld, answer: DomainError) -> None:
    """A webhook that changed the integration while the provider was asked knows better than the answer."""
    suspended = world.integration.suspended(StatusReason.SUSPENDED_ON_PROVIDER, at=NOW)
    await world.change(suspended)
    world.provider.fail("mint_token", answer, times=None)

    async def unsuspend(_: str) -> None:
        world.provider.before = None
        await world.change(suspended.activated(at=world.clock.now()))

    world.later(minutes=5)
    world.provider.before = unsuspend
    assert await world.process().probe() == 0
    assert (await world.now()).status is IntegrationStatus.ACTIVE
    assert world.alerts.codes == []


async def test_a_late_token_does_not_lift_a_newer_suspension(world: TokenWorld) -> None:
    """Suspended by a webhook between a probe's question and its answer, it stays suspended."""
    before = world.integration.suspended(StatusReason.TOKEN_REFUSED, at=NOW)
    await world.change(before)

    async def suspend(_: str) -> None:
        world.provider.before = None
        await world.change(before.suspended(StatusReason.SUSPENDED_ON_PROVIDER, at=world.clock.now()))

    world.later(minutes=5)
    world.provider.before = suspend
    await world.process().probe()
    assert (await world.now()).status_reason is StatusReason.SUSPENDED_ON_PROVIDER


async def test_one_refused_installation_holds_up_no_other(world: TokenWorld) -> None:
    """The job renews the rest all the same."""
    process = world.process()
    others = await _three_more(world)
    for integration in (world.integration, *others):
        await process.installation(integration)
    world.later(minutes=55)
    del world.provider.world.installations[INSTALLATION]
    assert await process.renew() == 3
    assert (await world.now()).is_revoked


async def _three_more(world: TokenWorld) -> list[Integration]:
    found = []
    for number in ("51", "52", "53"):
        world.provider.world.install(number)
        organization = await seed_organization(world.database, uuid4(), name=number)
        async with world.unit_of_work() as tx:
            integration = an_integration(await tx.integrations.next_id(), organization, provider_id=number)
            await tx.integrations.apply([Change(None, integration, BY)])
            await tx.commit()
        found.append(integration)
    return found
