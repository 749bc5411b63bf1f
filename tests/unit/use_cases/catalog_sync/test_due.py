"""Which catalogs are due, and who of several takes them."""

import asyncio
from datetime import timedelta

from core.domain.provider_errors import ProviderUnavailable
from core.use_cases.catalog.sync_catalog import SyncOutcome
from tests.support.scenarios.catalog import Catalog, facts


async def test_syncs_all_due_integrations(catalog: Catalog) -> None:
    """A failing integration does not stop the others, and each is tried once."""
    for number in range(1, 5):
        await catalog.connect(facts(str(number)), provider_id=str(number))
    await catalog.connect(facts("9"), provider_id="9", synced_at=catalog.clock.now())
    catalog.provider.fail("list_repository_pages", ProviderUnavailable("It does not answer."))
    outcomes = await catalog.sync_due()
    assert outcomes == {SyncOutcome.DONE: 3, SyncOutcome.FAILED: 1}
    assert await catalog.sync_due() == {}
    catalog.clock.advance(timedelta(minutes=1))
    assert await catalog.sync_due() == {SyncOutcome.DONE: 1}


async def test_concurrent_runs_share_due_integrations(catalog: Catalog) -> None:
    """Each catalog is synced once."""
    for number in range(1, 9):
        await catalog.connect(facts(str(number)), provider_id=str(number))
    ended = await asyncio.gather(*(catalog.sync_due() for _ in range(3)))
    assert sum(outcomes[SyncOutcome.DONE] for outcomes in ended) == 8
    assert catalog.provider.calls["list_repository_pages"] == 8


async def test_syncs_each_catalog_daily(catalog: Catalog) -> None:
    """Lost events are repaired within a day."""
    integration = await catalog.connect(facts("1"))
    await catalog.sync_due()
    catalog.lists(integration, facts("2"))
    catalog.clock.advance(timedelta(hours=21))
    assert await catalog.sync_due() == {}
    catalog.clock.advance(timedelta(hours=3))
    assert await catalog.sync_due() == {SyncOutcome.DONE: 1}
    rows = await catalog.rows(integration)
    assert (rows["1"].removed_at is None, rows["2"].removed_at is None) == (False, True)
