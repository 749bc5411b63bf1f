"""How an integration follows its installation once the provider was asked."""

from datetime import timedelta

import pytest

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError
from core.domain.integrations.installation_checks import CHECK_INTERVAL, CheckOutcome
from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.provider_errors import AppRefused, CredentialRefused, ProviderUnavailable, RateLimited
from core.domain.streams.domain_event import DomainEventType
from testing.builders.entities import PROVIDER, now
from testing.contracts.stores.installation_checks import claim_requested, report
from tests.support.scenarios.catalog import KEY, Checks


@pytest.fixture
def checks() -> Checks:
    """Give a provider and the use cases."""
    return Checks()


async def test_unchanged_installation_changes_nothing(checks: Checks) -> None:
    """Neither version nor event; the next check is due in a day."""
    integration = await checks.as_provider_knows()
    assert await checks.reconcile() == 1
    assert await checks.read(integration) == integration
    assert (await checks.events(), checks.metrics.checks) == ([], {(PROVIDER, CheckOutcome.UNCHANGED): 1})
    assert await checks.reconcile() == 0
    checks.clock.advance(CHECK_INTERVAL)
    assert await checks.reconcile() == 1


async def test_follows_a_rename_and_another_selection(checks: Checks) -> None:
    """The catalog is read again, since names of repositories follow the account's."""
    integration = await checks.as_provider_knows(sync_requested_at=None)
    checks.at_provider(
        account_login="acme-rockets", account_url="https://provider.example/acme-rockets", repository_selection="all"
    )
    await checks.reconcile()
    after = await checks.read(integration)
    assert (after.provider_name, after.provider_url) == ("acme-rockets", "https://provider.example/acme-rockets")
    assert (after.repository_selection, after.sync_requested_at) == ("all", checks.clock.now())


async def test_keeps_the_page_where_the_provider_manages_it(checks: Checks) -> None:
    """An enterprise's page, or one after a rename that was missed, cannot be made of names."""
    integration = await checks.as_provider_knows(settings={"other": 1})
    page = "https://provider.example/enterprises/acme/settings/installations/1"
    checks.at_provider(manage_url=page)
    await checks.reconcile()
    after = await checks.read(integration)
    assert (after.manage_url, dict(after.settings)) == (page, {"other": 1, "manage_url": page})


async def test_follows_permissions(checks: Checks) -> None:
    """The domain event has the data of the webhook."""
    integration = await checks.as_provider_knows()
    checks.at_provider(permissions={"metadata": "read"})
    await checks.reconcile()
    assert dict((await checks.read(integration)).permissions) == {"metadata": "read"}
    assert await checks.events() == [(DomainEventType.INTEGRATION_PERMISSIONS_CHANGED, "active")]


async def test_follows_a_suspension_and_its_end(checks: Checks) -> None:
    """Each is published once."""
    integration = await checks.as_provider_knows()
    checks.provider.state.suspend(KEY)
    await checks.reconcile()
    suspended = await checks.read(integration)
    assert (suspended.status, suspended.status_reason) == (
        IntegrationStatus.SUSPENDED,
        StatusReason.SUSPENDED_ON_PROVIDER,
    )
    checks.provider.state.suspend(KEY, suspended=False)
    checks.clock.advance(CHECK_INTERVAL)
    await checks.reconcile()
    active = await checks.read(integration)
    assert (active.status, active.sync_requested_at is not None) == (IntegrationStatus.ACTIVE, True)
    assert await checks.events() == [
        (DomainEventType.INTEGRATION_SUSPENDED, "suspended"),
        (DomainEventType.INTEGRATION_ACTIVATED, "active"),
    ]


async def test_does_not_end_a_suspension_for_a_refused_token(checks: Checks) -> None:
    """Only a token that is issued ends it."""
    refused = {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.TOKEN_REFUSED}
    integration = await checks.as_provider_knows(**refused)
    await checks.reconcile()
    assert await checks.read(integration) == integration


async def test_revokes_a_missing_installation(checks: Checks) -> None:
    """Once; it is never checked again."""
    integration = await checks.as_provider_knows()
    del checks.provider.state.installations[KEY]
    assert await checks.reconcile() == 1
    after = await checks.read(integration)
    assert (after.status, after.status_reason) == (IntegrationStatus.REVOKED, StatusReason.UNINSTALLED_ON_PROVIDER)
    assert await checks.events() == [(DomainEventType.INTEGRATION_REVOKED, "revoked")]
    checks.clock.advance(2 * CHECK_INTERVAL)
    assert await checks.reconcile() == 0


@pytest.mark.parametrize(
    "error", [ProviderUnavailable("No answer."), RateLimited(now(), retry_after=60), AppRefused("No.")]
)
async def test_outage_revokes_nothing_and_loses_no_check(checks: Checks, error: DomainError) -> None:
    """The run ends; claims expire and checks are repeated."""
    integration = await checks.as_provider_knows()
    checks.provider.fail("get_installation", error)
    assert await checks.reconcile() == 0
    assert await checks.read(integration) == integration
    assert await checks.reconcile() == 0
    checks.clock.advance(timedelta(minutes=10))
    assert await checks.reconcile() == 1


async def test_failing_installation_does_not_delay_others(checks: Checks) -> None:
    """It is due again in an hour, with an alert."""
    await checks.as_provider_knows()
    checks.provider.fail("get_installation", CredentialRefused("Not this one."))
    assert await checks.reconcile() == 1
    assert checks.metrics.checks == {(PROVIDER, CheckOutcome.FAILED): 1}
    assert [code for code, _ in checks.alerts.entries] == ["installation_check_failed"]
    checks.clock.advance(timedelta(hours=1))
    assert await checks.reconcile() == 1
    assert checks.metrics.checks[PROVIDER, CheckOutcome.UNCHANGED] == 1


async def test_spreads_checks_over_the_day(checks: Checks) -> None:
    """After an upgrade all are due: each run handles a 720th and one more."""
    for number in range(1, 721):
        checks.provider.state.install(str(number))
        await checks.world.add_integration(
            await checks.world.add_organization(f"Acme {number}"), provider_id=str(number)
        )
    checks.clock.set(now() + CHECK_INTERVAL)
    assert await checks.reconcile() == 2
    checks.clock.advance(timedelta(minutes=1))
    assert await checks.reconcile() == 2
    assert checks.metrics.overdue_checks[PROVIDER] == pytest.approx(60, abs=60)


async def test_leaves_calls_to_others(checks: Checks) -> None:
    """Tokens come first; the delay is published anyway."""
    await checks.as_provider_knows()
    checks.provider.state.calls_left = 0.49
    checks.clock.advance(timedelta(hours=3))
    assert await checks.reconcile() == 0
    assert checks.metrics.overdue_checks[PROVIDER] >= 3 * 3600


async def test_drops_a_response_older_than_the_integration(checks: Checks) -> None:
    """A webhook changed it during the call; it is checked again soon."""
    integration = await checks.as_provider_knows()
    checks.at_provider(account_login="acme-old")

    async def renamed(_: str) -> None:
        checks.provider.before = None
        checks.clock.advance(timedelta(seconds=1))
        await checks.change(integration, provider_name="acme-new")

    checks.provider.before = renamed
    await checks.reconcile()
    assert (await checks.read(integration)).provider_name == "acme-new"
    assert checks.metrics.checks == {(PROVIDER, CheckOutcome.SUPERSEDED): 1}
    checks.clock.advance(timedelta(seconds=10))
    assert await checks.reconcile() == 1
    assert (await checks.read(integration)).provider_name == "acme-old"


async def test_confirmed_deletion_revokes(checks: Checks) -> None:
    """At once, with the event and version of the webhook."""
    integration = await checks.as_provider_knows()
    deletion = await report(checks.world, integration)
    del checks.provider.state.installations[KEY]
    assert await checks.confirm() == 1
    assert (await checks.read(integration)).status is IntegrationStatus.REVOKED
    [recorded] = await checks.list_domain_events()
    assert recorded.type is DomainEventType.INTEGRATION_REVOKED
    assert recorded.occurred_at == deletion.received_at
    assert await checks.confirm() == 0


async def test_false_report_changes_nothing(checks: Checks) -> None:
    """After some calls within half a minute, one alert is sent."""
    integration = await checks.as_provider_knows()
    checks.clock.set(now())
    deletion = await report(checks.world, integration)
    made = 0
    for _ in range(60):
        made += await checks.confirm()
        checks.clock.advance(timedelta(seconds=1))
    assert made in range(4, 9)
    assert await checks.read(integration) == integration
    assert await claim_requested(checks.world, checks.clock.now() + CHECK_INTERVAL) == []
    assert checks.alerts.entries == [
        (
            "deletion_not_confirmed",
            {"integration_id": str(integration.external_id), "delivery_id": deletion.delivery_id},
        )
    ]


async def test_confirms_a_deletion_that_the_api_shows_late(checks: Checks) -> None:
    integration = await checks.as_provider_knows()
    checks.clock.set(now())
    await report(checks.world, integration)
    await checks.confirm()
    assert (await checks.read(integration)).status is IntegrationStatus.ACTIVE
    del checks.provider.state.installations[KEY]
    checks.clock.advance(timedelta(seconds=2))
    await checks.confirm()
    assert (await checks.read(integration)).status is IntegrationStatus.REVOKED


async def test_deletion_waits_for_the_end_of_an_outage(checks: Checks) -> None:
    integration = await checks.as_provider_knows()
    await report(checks.world, integration)
    del checks.provider.state.installations[KEY]
    checks.provider.fail("get_installation", ProviderUnavailable("No answer."), times=None)
    for _ in range(100):
        assert await checks.confirm() == 0
        checks.clock.advance(timedelta(minutes=10))
    assert (await checks.read(integration)).status is IntegrationStatus.ACTIVE
    checks.provider.heal()
    assert await checks.confirm() == 1
    assert (await checks.read(integration)).status is IntegrationStatus.REVOKED


async def test_old_report_does_not_end_a_new_installation(checks: Checks) -> None:
    """The app was installed again before the confirmation."""
    integration = await checks.as_provider_knows()
    await report(checks.world, integration)
    del checks.provider.state.installations[KEY]

    async def rebind(_: str) -> None:
        checks.provider.before = None
        checks.provider.state.install("2")
        await checks.change(integration, provider_id="2")

    checks.provider.before = rebind
    await checks.confirm()
    after = await checks.read(integration)
    assert (after.status, after.provider_id) == (IntegrationStatus.ACTIVE, "2")
    assert await checks.events() == []


async def test_check_waits_for_the_lane(checks: Checks) -> None:
    """It sees the effects of a running batch."""
    integration = await checks.as_provider_knows()
    async with checks.world.unit_of_work() as tx:
        assert await tx.event_queue.try_lock(choose_lane(integration.provider_id))
        with pytest.raises(DomainError):
            await checks.reconcile()
    assert await checks.read(integration) == integration
