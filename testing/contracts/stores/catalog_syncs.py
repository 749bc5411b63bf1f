import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from core.domain.catalog.sync import reconcile_delay
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from ports.catalog import SyncClaim
from testing.builders.entities import PROVIDER, Fact, build_change, now, time_ago
from testing.contracts.store_stage import StoreStage

_MINUTE = timedelta(minutes=1)


class CatalogSyncContract:
    """What every store of syncs promises."""

    async def test_what_is_due(self, stage: StoreStage) -> None:
        """A catalog without a sync, with a request, with a failure, or synced a day ago is due."""
        never = await stage.add_integration(provider_id="1")
        requested = await stage.add_integration(provider_id="2", synced_at=time_ago(hours=1), sync_requested_at=now())
        failed = await stage.add_integration(provider_id="3", synced_at=time_ago(hours=2), sync_failures=1)
        daily = await stage.add_integration(provider_id="4", synced_at=time_ago(hours=25))
        await stage.add_integration(provider_id="5", synced_at=time_ago(hours=21))
        later: dict[str, Fact] = {
            "synced_at": time_ago(hours=1),
            "sync_requested_at": now(),
            "sync_retry_at": now() + _MINUTE,
        }
        await stage.add_integration(provider_id="6", **later)
        await stage.add_integration(provider_id="7", sync_claimed_until=now() + _MINUTE)
        await stage.add_integration(provider_id="8", status=IntegrationStatus.SUSPENDED)
        await stage.add_integration(provider_id="9", status=IntegrationStatus.REVOKED)
        async with stage.unit_of_work() as tx:
            due = [row.id for row in await tx.catalog.list_due_syncs(now=now(), limit=10)]
            assert due == [requested.id, never.id, daily.id, failed.id]
            assert [row.id for row in await tx.catalog.list_due_syncs(now=now(), limit=2)] == due[:2]
            assert len(await tx.catalog.list_due_syncs(now=now() + 2 * _MINUTE, limit=10)) == 6

    async def test_longest_waiting_sync_comes_first(self, stage: StoreStage) -> None:
        """Among those who asked, and among those who did not."""
        ids = {}
        for number, minutes in enumerate((2, 3, 1)):
            ids[minutes] = (
                await stage.add_integration(provider_id=str(number), sync_requested_at=time_ago(minutes=minutes))
            ).id
        async with stage.unit_of_work() as tx:
            due = await tx.catalog.list_due_syncs(now=now(), limit=10)
        assert [row.id for row in due] == [ids[3], ids[2], ids[1]]

    async def test_a_day_is_spread(self, stage: StoreStage) -> None:
        """Each catalog is read again at its own time after the last, within two hours of a day."""
        synced_at = time_ago(hours=30)
        rows = [await stage.add_integration(provider_id=str(n), synced_at=synced_at) for n in range(5)]
        for row in rows:
            at = synced_at + reconcile_delay(row.id)
            assert timedelta(hours=22) <= at - synced_at <= timedelta(hours=24)
            async with stage.unit_of_work() as tx:
                before = await tx.catalog.list_due_syncs(now=at - timedelta(seconds=1), limit=10)
                after = await tx.catalog.list_due_syncs(now=at, limit=10)
            assert row.id not in {item.id for item in before}
            assert row.id in {item.id for item in after}

    async def test_one_of_twenty_claims(self, stage: StoreStage) -> None:
        """However many try at once, in whatever processes, one syncs."""
        integration = await stage.add_integration()
        claims = await asyncio.gather(*(_claim(stage, integration, f"owner-{n}") for n in range(20)))
        [claim] = [claim for claim in claims if claim is not None]
        assert claim.integration.id == integration.id
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.list_due_syncs(now=now(), limit=10) == []

    async def test_a_claim_answers_the_request(self, stage: StoreStage) -> None:
        """A request after the claim causes another sync."""
        integration = await stage.add_integration(synced_at=time_ago(hours=1), sync_requested_at=time_ago(minutes=1))
        claim = await _require_claim(stage, integration)
        assert claim.integration.sync_requested_at is None
        known = await _read(stage, integration)
        await _apply(stage, known, sync_requested_at=now())
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.list_due_syncs(now=now(), limit=10) == []
            await tx.catalog.finish_sync(claim)
            await tx.commit()
            assert [row.id for row in await tx.catalog.list_due_syncs(now=now(), limit=10)] == [integration.id]

    async def test_finished_it_is_as_of_the_beginning(self, stage: StoreStage) -> None:
        """The catalog is as old as its first page."""
        integration = await stage.add_integration(
            sync_failures=2, sync_error="provider_unavailable", sync_retry_at=time_ago(minutes=1)
        )
        claim = await _require_claim(stage, integration)
        async with stage.unit_of_work() as tx:
            await tx.catalog.finish_sync(claim)
            await tx.commit()
        read = await _read(stage, integration)
        assert read == replace(
            integration, synced_at=claim.claimed_at, sync_failures=0, sync_error=None, sync_retry_at=None
        )

    async def test_failed_it_keeps_its_age_and_is_due_later(self, stage: StoreStage) -> None:
        """Failures are counted, and the last reason is kept."""
        integration = await stage.add_integration(synced_at=time_ago(hours=1), sync_requested_at=time_ago(minutes=1))
        at = now()
        for failures in (1, 2):
            claim = await _require_claim(stage, integration, at=at)
            at += _MINUTE
            async with stage.unit_of_work() as tx:
                await tx.catalog.fail_sync(claim, reason="provider_unavailable", retry_at=at)
                await tx.commit()
                assert await tx.catalog.list_due_syncs(now=at - timedelta(seconds=1), limit=1) == []
            read = await _read(stage, integration)
            assert (read.sync_failures, read.sync_error) == (failures, "provider_unavailable")
            assert (read.synced_at, read.sync_retry_at) == (integration.synced_at, at)

    async def test_released_it_is_due_again_at_once(self, stage: StoreStage) -> None:
        """A process that is stopped in the middle leaves the work to the next."""
        integration = await stage.add_integration(synced_at=time_ago(hours=1), sync_requested_at=time_ago(minutes=1))
        claim = await _require_claim(stage, integration)
        async with stage.unit_of_work() as tx:
            await tx.catalog.release_sync(claim)
            await tx.commit()
            [due] = await tx.catalog.list_due_syncs(now=now(), limit=1)
        assert due.sync_requested_at == claim.claimed_at

    async def test_an_abandoned_claim_expires(self, stage: StoreStage) -> None:
        """The claim of a process that ended expires, and another process can claim the sync."""
        integration = await stage.add_integration(synced_at=time_ago(hours=1), sync_requested_at=time_ago(minutes=1))
        dead = await _require_claim(stage, integration)
        assert await _claim(stage, integration, "second") is None
        later = now() + 2 * _MINUTE
        second = await _claim(stage, integration, "second", at=later)
        assert second is not None
        async with stage.unit_of_work() as tx:
            assert not await tx.catalog.renew_sync_claim(dead, until=later)
            await tx.catalog.finish_sync(dead)
            await tx.catalog.fail_sync(dead, reason="x", retry_at=later)
            await tx.catalog.release_sync(dead)
            assert await tx.catalog.renew_sync_claim(second, until=later + _MINUTE)
            await tx.commit()
        read = await _read(stage, integration)
        assert (read.synced_at, read.sync_failures) == (integration.synced_at, 0)
        assert read.sync_claimed_until == later + _MINUTE

    async def test_an_expired_claim_nobody_took_is_still_held(self, stage: StoreStage) -> None:
        """Being slow loses nothing as long as nobody else began."""
        integration = await stage.add_integration()
        claim = await _require_claim(stage, integration, at=time_ago(hours=1))
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.renew_sync_claim(claim, until=now() + _MINUTE)

    async def test_a_claim_ends_with_its_installation(self, stage: StoreStage) -> None:
        """Nothing of an installation may come into the catalog once it is not this integration's any more."""
        changes: list[dict[str, Fact]] = [
            {"provider_id": "2"},
            {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.TOKEN_REFUSED},
            {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
        ]
        for number, facts in enumerate(changes):
            integration = await stage.add_integration(provider_id=f"1{number}")
            claim = await _require_claim(stage, integration)
            await _apply(stage, await _read(stage, integration), **facts)
            async with stage.unit_of_work() as tx:
                assert not await tx.catalog.renew_sync_claim(claim, until=now() + _MINUTE)

    async def test_an_installation_that_is_another_now_is_not_claimed(self, stage: StoreStage) -> None:
        """The claim is valid only for the installation whose lane is held."""
        integration = await stage.add_integration()
        assert await _claim(stage, replace(integration, provider_id="2"), "owner") is None

    async def test_bookkeeping_leaves_no_versions(self, stage: StoreStage) -> None:
        """A sync writes no audit version."""
        integration = await stage.add_integration()
        claim = await _require_claim(stage, integration)
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.renew_sync_claim(claim, until=now() + _MINUTE)
            await tx.catalog.finish_sync(claim)
            await tx.commit()
            trail = await tx.versions.list_by_item("integration", str(integration.external_id))
        assert [version.event for version in trail] == ["created"]

    async def test_distinguishes_rows_written_before_and_after(self, stage: StoreStage) -> None:
        """The beginning is a time by the clock that rows are stamped with."""
        integration = await stage.add_integration()
        [before] = await stage.add_repositories(integration, "1")
        claim = await _require_claim(stage, integration)
        await stage.add_repositories(integration, "2")
        async with stage.unit_of_work() as tx:
            rows = [before, replace(before, repo_id=RepoId("2"))]
            written = await tx.catalog.save_repositories_not_written_since(claim.began_at, rows)
        assert [repo_id for _, repo_id in written] == ["1"]


async def _claim(
    stage: StoreStage, integration: Integration, owner: str, *, at: datetime | None = None
) -> SyncClaim | None:
    at = at or now()
    async with stage.unit_of_work() as tx:
        claim = await tx.catalog.claim_sync(integration, owner=owner, now=at, until=at + _MINUTE)
        await tx.commit()
    return claim


async def _require_claim(stage: StoreStage, integration: Integration, *, at: datetime | None = None) -> SyncClaim:
    claim = await _claim(stage, integration, "first", at=at)
    assert claim is not None
    return claim


async def _read(stage: StoreStage, integration: Integration) -> Integration:
    async with stage.unit_of_work() as tx:
        read = await tx.integrations.find(integration.organization_id, PROVIDER)
    assert read is not None
    return read


async def _apply(stage: StoreStage, integration: Integration, **facts: Fact) -> None:
    async with stage.unit_of_work() as tx:
        await tx.integrations.apply([build_change(integration, replace(integration, **facts))])
        await tx.commit()
