from datetime import datetime, timedelta

from core.domain.identifiers import EventId
from core.domain.integrations.installation_checks import CHECK_INTERVAL, CheckBacklog, DueCheck, ReportedDeletion
from core.domain.integrations.integration import Integration, IntegrationStatus
from testing.builders.entities import PROVIDER, now
from testing.contracts.store_stage import StoreStage

TICK = timedelta(seconds=1)


class InstallationCheckStoreContract:
    """What every store of installation checks promises."""

    async def test_an_integration_is_first_due_a_day_after_its_creation(self, stage: StoreStage) -> None:
        """And not before, so that a new one is not read twice."""
        integration = await stage.add_integration()
        due_at = integration.created_at + CHECK_INTERVAL
        assert await claim(stage, due_at - TICK) == []
        assert await claim(stage, due_at) == [DueCheck(integration)]

    async def test_a_claim_ends(self, stage: StoreStage) -> None:
        """Meanwhile nobody else gets the check; after a crash somebody does."""
        integration = await stage.add_integration()
        at = integration.created_at + CHECK_INTERVAL
        assert len(await claim(stage, at, until=at + TICK)) == 1
        assert await claim(stage, at) == []
        assert await claim(stage, at + TICK) == [DueCheck(integration)]

    async def test_only_live_integrations_of_the_provider_are_due(self, stage: StoreStage) -> None:
        """A suspended one is live, since its suspension may have ended."""
        suspended = await stage.add_integration(status=IntegrationStatus.SUSPENDED)
        await stage.add_integration(await stage.add_organization("Gone"), status=IntegrationStatus.REVOKED)
        await stage.add_integration(await stage.add_organization("Other"), provider="gitlab")
        later = now() + 2 * CHECK_INTERVAL
        assert await claim(stage, later) == [DueCheck(suspended)]

    async def test_the_longest_due_is_claimed_first(self, stage: StoreStage) -> None:
        """At most as many as wanted."""
        integrations = [
            await stage.add_integration(await stage.add_organization(f"Acme {number}"), provider_id=str(number))
            for number in range(3)
        ]
        later = now() + 2 * CHECK_INTERVAL
        await complete(stage, integrations[0], next_check_at=later)
        first = await claim(stage, later, limit=2)
        assert [due.integration.id for due in first] == [integrations[1].id, integrations[2].id]
        assert [due.integration.id for due in await claim(stage, later, limit=2)] == [integrations[0].id]

    async def test_a_reported_deletion_is_due_at_once(self, stage: StoreStage) -> None:
        """A reported deletion is not among the daily checks."""
        integration = await stage.add_integration()
        deletion = await report(stage, integration)
        assert await claim(stage, now() + 2 * CHECK_INTERVAL) == []
        assert await claim_requested(stage, deletion.received_at - TICK) == []
        assert await claim_requested(stage, deletion.received_at) == [DueCheck(integration, deletion)]
        assert await claim_requested(stage, deletion.received_at) == []
        assert await claim_requested(stage, deletion.received_at, provider="gitlab") == []

    async def test_a_later_report_replaces_an_earlier_one(self, stage: StoreStage) -> None:
        """Also of one batch; the check is due as early as before."""
        integration = await stage.add_integration()
        first = await report(stage, integration, event_id=1)
        second = ReportedDeletion(integration.id, EventId(2), "second", first.received_at + TICK)
        third = ReportedDeletion(integration.id, EventId(3), "third", first.received_at + TICK)
        async with stage.unit_of_work() as tx:
            await tx.installation_checks.request([third, second])
            await tx.commit()
        assert await claim_requested(stage, first.received_at) == [DueCheck(integration, third)]

    async def test_a_completed_check_is_due_again_when_it_says(self, stage: StoreStage) -> None:
        """With its deletion it is complete; the row of a revoked integration asks for nothing."""
        integration = await stage.add_integration()
        deletion = await report(stage, integration)
        later = now() + CHECK_INTERVAL
        await complete(stage, integration, event_id=deletion.event_id, next_check_at=later)
        assert await claim_requested(stage, later) == []
        assert await claim(stage, later - TICK) == []
        assert await claim(stage, later) == [DueCheck(integration)]

    async def test_a_deletion_reported_meanwhile_stays_due(self, stage: StoreStage) -> None:
        """The check that ends had asked before it was reported."""
        integration = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            await tx.installation_checks.claim_daily(PROVIDER, now=now(), until=now(), limit=1)
            await tx.commit()
        deletion = await report(stage, integration)
        await complete(stage, integration, next_check_at=now() + CHECK_INTERVAL)
        assert await claim_requested(stage, now()) == [DueCheck(integration, deletion)]

    async def test_a_check_is_postponed(self, stage: StoreStage) -> None:
        """Its deletion stays."""
        integration = await stage.add_integration()
        deletion = await report(stage, integration)
        async with stage.unit_of_work() as tx:
            await tx.installation_checks.reschedule(integration.id, at=deletion.received_at + TICK)
            await tx.commit()
        assert await claim_requested(stage, deletion.received_at) == []
        assert await claim_requested(stage, deletion.received_at + TICK) == [DueCheck(integration, deletion)]

    async def test_the_backlog_counts_daily_checks(self, stage: StoreStage) -> None:
        """How many there are, and since when the oldest is due."""
        async with stage.unit_of_work() as tx:
            assert await tx.installation_checks.get_backlog(PROVIDER, now=now()) == CheckBacklog(0, 0, None, None)
        integration = await stage.add_integration()
        checked = await stage.add_integration(await stage.add_organization("Checked"), provider_id="2")
        at = integration.created_at + CHECK_INTERVAL
        await complete(stage, checked, checked_at=at, next_check_at=at + CHECK_INTERVAL)
        async with stage.unit_of_work() as tx:
            backlog = await tx.installation_checks.get_backlog(PROVIDER, now=at)
        assert backlog == CheckBacklog(2, 1, at, at)


async def claim(stage: StoreStage, at: datetime, *, until: datetime | None = None, limit: int = 10) -> list[DueCheck]:
    """Claim daily checks until the end of the claim."""
    until = until or at + 10 * CHECK_INTERVAL
    async with stage.unit_of_work() as tx:
        due = await tx.installation_checks.claim_daily(PROVIDER, now=at, until=until, limit=limit)
        await tx.commit()
    return list(due)


async def claim_requested(stage: StoreStage, at: datetime, provider: str = PROVIDER) -> list[DueCheck]:
    """Claim checks of reported deletions."""
    async with stage.unit_of_work() as tx:
        due = await tx.installation_checks.claim_requested(provider, now=at, until=at + TICK, limit=10)
        await tx.commit()
    return list(due)


async def report(stage: StoreStage, integration: Integration, *, event_id: int = 1) -> ReportedDeletion:
    """Report a deletion."""
    deletion = ReportedDeletion(integration.id, EventId(event_id), "delivery", now())
    async with stage.unit_of_work() as tx:
        await tx.installation_checks.request([deletion])
        await tx.commit()
    return deletion


async def complete(
    stage: StoreStage,
    integration: Integration,
    *,
    next_check_at: datetime,
    checked_at: datetime | None = None,
    event_id: EventId | None = None,
) -> None:
    """Complete a check."""
    async with stage.unit_of_work() as tx:
        await tx.installation_checks.complete(
            integration.id, checked_at=checked_at or now(), next_check_at=next_check_at, event_id=event_id
        )
        await tx.commit()
