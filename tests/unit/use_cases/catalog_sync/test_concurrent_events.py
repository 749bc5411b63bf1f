"""What happens during a sync is newer than what it lists, and is not lost."""

import asyncio

import pytest

from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.use_cases.catalog.sync_catalog import SyncOutcome
from testing.builders.entities import Fact, build_repository, time_ago
from tests.support.scenarios.catalog import Catalog, facts
from tests.support.scenarios.catalog_sync import sync_now


async def test_runs_one_sync_at_a_time(catalog: Catalog) -> None:
    integration = await catalog.connect(facts("1"))
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def hold(call: str) -> None:
        if call == "list_repository_pages":
            reading.set()
            await go_on.wait()

    catalog.provider.before = hold
    first = asyncio.create_task(catalog.sync(integration))
    await reading.wait()
    assert await sync_now(catalog, integration) is SyncOutcome.NOT_DUE
    assert (await catalog.read(integration)).sync_claimed_until is not None
    go_on.set()
    assert (await first).outcome is SyncOutcome.DONE


async def test_event_during_a_sync_requests_another(catalog: Catalog) -> None:
    """The pages may lack the change."""
    integration = await catalog.connect(facts("1"))

    async def event(call: str) -> None:
        if call == "list_repository_pages":
            known = await catalog.read(integration)
            wanted = known.request_sync(at=catalog.clock.now())
            await catalog.change(integration, sync_requested_at=wanted.sync_requested_at)

    catalog.provider.before = event
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    catalog.provider.before = None
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    assert await sync_now(catalog, integration) is SyncOutcome.NOT_DUE


async def test_sync_keeps_changes_of_events(catalog: Catalog) -> None:
    """Removals, additions and updates during the sync."""
    integration = await catalog.connect(facts("1"), facts("2"), facts("3", "acme/old"))
    await catalog.save(build_repository(integration, "1"), build_repository(integration, "3", full_name="acme/old"))
    written = [
        build_repository(integration, "1", removed_at=time_ago(seconds=1)),
        build_repository(integration, "3", full_name="acme/new"),
        build_repository(integration, "4"),
    ]

    async def events(call: str) -> None:
        if call == "list_repository_pages":
            await catalog.save(*written)

    catalog.provider.before = events
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    rows = await catalog.rows(integration)
    assert [rows[row.repo_id] for row in written] == written
    assert rows["2"].removed_at is None
    assert await catalog.list_domain_events() == []


REBOUND: dict[str, dict[str, Fact]] = {
    "another installation": {"provider_id": "77"},
    "suspended": {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.SUSPENDED_ON_PROVIDER},
    "revoked": {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
}


@pytest.mark.parametrize("changed", REBOUND.values(), ids=REBOUND.keys())
async def test_sync_ends_with_its_installation(catalog: Catalog, changed: dict[str, Fact]) -> None:
    """Pages of a former installation never reach the catalog."""
    integration = await catalog.connect(facts("1"))

    async def rebind(call: str) -> None:
        if call == "list_repository_pages":
            await catalog.change(integration, **changed)

    catalog.provider.before = rebind
    assert await sync_now(catalog, integration) is SyncOutcome.LOST
    assert await catalog.rows(integration) == {}
    after = await catalog.read(integration)
    assert (after.synced_at, after.sync_claimed_until) == (None, None)
