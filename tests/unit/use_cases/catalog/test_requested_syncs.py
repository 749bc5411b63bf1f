"""Syncs that a user requests."""

from datetime import timedelta

import pytest

from core.domain.catalog.sync import SyncCoolingDown, SyncPhase
from tests.support.scenarios.catalog_reader import Connected, request


async def test_refresh_requests_a_sync_without_waiting(connected: Connected) -> None:
    """Once a minute; sooner it only returns the stored list."""
    catalog = connected.catalog
    assert (await connected.list(refresh=True)).sync.phase is SyncPhase.IDLE
    catalog.clock.advance(timedelta(minutes=1))
    page = await connected.list(refresh=True)
    assert (page.sync.phase, page.sync.requested_at) == (SyncPhase.REQUESTED, catalog.clock.now())
    assert len(page.repositories) == 4
    await catalog.sync_due()
    assert (await connected.list()).sync.phase is SyncPhase.IDLE


async def test_requested_sync_writes_a_version(connected: Connected) -> None:
    """With the actor."""
    connected.catalog.clock.advance(timedelta(minutes=1))
    await connected.list(refresh=True)
    async with connected.catalog.world.unit_of_work() as tx:
        trail = await tx.versions.list_by_item("integration", str(connected.integration.external_id))
    assert trail[-1].actor == connected.member.name
    assert trail[-1].changes.keys() == {"sync_requested_at"}


async def test_rejects_a_sync_requested_too_soon(connected: Connected) -> None:
    """With the wait; a minute later it is stored once."""
    connected.catalog.clock.advance(timedelta(seconds=20))
    with pytest.raises(SyncCoolingDown) as refusal:
        await request(connected)
    assert refusal.value.retry_after == 40
    connected.catalog.clock.advance(timedelta(seconds=40))
    assert [await request(connected), await request(connected)] == [SyncPhase.REQUESTED] * 2


async def test_running_sync_answers_all_requests(connected: Connected) -> None:
    catalog = connected.catalog
    catalog.clock.advance(timedelta(minutes=1))
    await request(connected)
    phases = []

    async def ask(call: str) -> None:
        if call == "list_repository_pages":
            phases.append(await request(connected))

    catalog.provider.before = ask
    await catalog.sync_due()
    assert phases == [SyncPhase.RUNNING]
    assert (await catalog.read(connected.integration)).sync_requested_at is None


@pytest.mark.parametrize(("code", "waits"), [("provider_unavailable", False), ("provider_rate_limited", True)])
async def test_request_retries_a_failed_sync_at_once(connected: Connected, code: str, waits: bool) -> None:
    """Unless the provider requested a pause."""
    catalog = connected.catalog
    retry_at = catalog.clock.now() + timedelta(hours=1)
    await catalog.change(connected.integration, sync_error=code, sync_failures=3, sync_retry_at=retry_at)
    assert await request(connected) is SyncPhase.FAILED
    assert bool(await catalog.sync_due()) is not waits
