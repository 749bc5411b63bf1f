"""What goes wrong keeps the catalog, and is tried again when it may help."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.catalog.repository import RepositoryPage
from core.domain.catalog.sync import SyncPhase, build_sync_state
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.integrations.integration import Integration
from core.domain.provider_errors import (
    AddressNotAllowed,
    AnswerUnreadable,
    CredentialRefused,
    InstallationSuspended,
    ProviderUnavailable,
    RateLimited,
)
from core.use_cases.catalog.sync_catalog import SyncOutcome
from testing.builders.entities import time_ago
from tests.support.scenarios.catalog import Catalog, facts
from tests.support.scenarios.catalog_sync import SYNCED, sync_now


async def listed_as(catalog: Catalog, integration: Integration, *pages: RepositoryPage) -> SyncOutcome:
    """Sync while the provider lists these pages."""

    async def repositories(*_: object) -> object:
        for page in pages:
            yield page

    catalog.provider.list_repository_pages = repositories  # type: ignore[assignment,method-assign]
    await catalog.change(integration, **SYNCED)
    return await sync_now(catalog, integration)


@pytest.mark.parametrize(
    "totals", [(4, 4), (3, 4), (4, 3), (2, 2)], ids=["some are missing", "one came", "one went", "more than there are"]
)
async def test_incomplete_listing_removes_nothing(catalog: Catalog, totals: tuple[int, int]) -> None:
    """Listed repositories are stored, and the others stay."""
    integration = await catalog.connect(facts("1"), facts("2"), facts("3"), facts("4"))
    await sync_now(catalog, integration)
    before = await catalog.read(integration)
    first, last = totals
    outcome = await listed_as(
        catalog,
        integration,
        RepositoryPage(first, (facts("1", "acme/renamed"), facts("2"))),
        RepositoryPage(last, (facts("3"),)),
    )
    assert outcome is SyncOutcome.INCOMPLETE
    rows = await catalog.rows(integration)
    assert [row.removed_at for row in rows.values()] == [None] * 4
    assert rows["1"].full_name == "acme/renamed"
    after = await catalog.read(integration)
    assert (after.sync_error, after.sync_failures) == ("listing_incomplete", 0)
    assert before.synced_at is not None
    # The sync ended and says so; it does not stay requested, running or failed.
    state = build_sync_state(after, catalog.clock.now())
    assert (state.phase, state.error) == (SyncPhase.IDLE, "listing_incomplete")
    assert after.synced_at == catalog.clock.now()
    assert after.sync_retry_at == catalog.clock.now() + timedelta(hours=1)


FAILURES = {
    "outage": (ProviderUnavailable("It does not answer."), timedelta(minutes=1)),
    "limit": (RateLimited(time_ago(minutes=-40), retry_after=2400.0), timedelta(minutes=40)),
    "suspended": (InstallationSuspended("It is suspended."), timedelta(minutes=1)),
    "unreadable": (AnswerUnreadable("It cannot be read."), timedelta(minutes=1)),
    "allow list": (AddressNotAllowed("It blocks us."), timedelta(minutes=1)),
}


@pytest.mark.parametrize(("error", "delay"), FAILURES.values(), ids=FAILURES.keys())
async def test_failure_keeps_the_catalog_and_its_age(catalog: Catalog, error: DomainError, delay: timedelta) -> None:
    """The retry respects the provider's pause."""
    integration = await catalog.connect(facts("1"))
    await sync_now(catalog, integration)
    rows = await catalog.rows(integration)
    known = await catalog.change(integration, **SYNCED)
    catalog.provider.fail("list_repository_pages", error)
    report = await catalog.sync(known)
    assert (report.outcome, report.reason) == (SyncOutcome.FAILED, error.code)
    assert await catalog.rows(integration) == rows
    after = await catalog.read(integration)
    assert (after.synced_at, after.sync_error) == (known.synced_at, error.code)
    assert after.sync_retry_at == catalog.clock.now() + delay
    assert await sync_now(catalog, integration) is SyncOutcome.NOT_DUE
    catalog.clock.advance(delay)
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.read(integration)).sync_error is None


async def test_consecutive_failures_wait_longer(catalog: Catalog) -> None:
    """An outage of an hour does not cause sixty attempts."""
    integration = await catalog.connect(facts("1"))
    catalog.provider.fail("list_repository_pages", ProviderUnavailable("It does not answer."), times=None)
    waits = []
    for _ in range(6):
        assert await sync_now(catalog, integration) is SyncOutcome.FAILED
        retry_at = (await catalog.read(integration)).sync_retry_at
        assert retry_at is not None
        waits.append(int((retry_at - catalog.clock.now()).total_seconds() / 60))
        catalog.clock.set(retry_at)
    assert waits == [1, 5, 15, 60, 60, 60]


async def test_replaces_a_rejected_token_once(catalog: Catalog) -> None:
    """A second rejection is a failure."""
    integration = await catalog.connect(facts("1"))
    catalog.provider.fail("list_repository_pages", CredentialRefused("The token is dead."))
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    assert catalog.provider.calls["mint_token"] == 2
    await catalog.change(integration, **SYNCED)
    catalog.provider.fail("list_repository_pages", CredentialRefused("The token is dead."), times=2)
    assert await sync_now(catalog, integration) is SyncOutcome.FAILED


async def test_cancelled_sync_releases_its_claim(catalog: Catalog) -> None:
    """The next run continues at once."""
    integration = await catalog.connect(facts("1"))
    reading = asyncio.Event()

    async def hold(call: str) -> None:
        if call == "list_repository_pages":
            reading.set()
            await asyncio.Event().wait()

    catalog.provider.before = hold
    task = asyncio.create_task(catalog.sync(integration))
    await reading.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    catalog.provider.before = None
    assert await sync_now(catalog, integration) is SyncOutcome.DONE


async def test_next_sync_starts_after_the_claim_of_a_crash_expires(catalog: Catalog) -> None:
    """The request stays."""
    integration = await catalog.connect(facts("1"), **SYNCED)
    async with catalog.world.unit_of_work() as tx:
        now = catalog.clock.now()
        until = now + timedelta(minutes=2)
        assert await tx.catalog.claim_sync(integration, owner="gone", now=now, until=until)
        await tx.commit()
    assert await sync_now(catalog, integration) is SyncOutcome.NOT_DUE
    catalog.clock.advance(timedelta(minutes=2))
    assert await sync_now(catalog, integration) is SyncOutcome.DONE


async def test_internal_error_is_counted_and_raised(catalog: Catalog) -> None:
    """It is not retried at once without end."""
    integration = await catalog.connect(facts("1"))
    catalog.provider.fail("list_repository_pages", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await catalog.sync(integration)
    assert await sync_now(catalog, integration) is SyncOutcome.NOT_DUE
    assert (await catalog.read(integration)).sync_error == "internal"


async def test_storage_outage_is_raised(catalog: Catalog) -> None:
    """The claim expires by itself."""
    integration = await catalog.connect(facts("1"))

    async def lose(call: str) -> None:
        if call == "list_repository_pages":
            await catalog.world.lose_storage()

    catalog.provider.before = lose
    with pytest.raises(StorageUnavailable):
        await catalog.sync(integration)
    catalog.provider.before = None
    await catalog.world.restore_storage()
    catalog.clock.advance(timedelta(minutes=2))
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
