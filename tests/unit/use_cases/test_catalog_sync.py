"""A catalog is brought up to what the provider lists, and nothing that is newer is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.domain_events import RecordedEvent, RepositoryData
from core.domain.errors import StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.integrations import Integration, IntegrationStatus, StatusReason
from core.domain.provider import (
    CredentialRefused,
    InstallationSuspended,
    ProviderUnavailable,
    RateLimited,
    RepositoryPage,
)
from core.use_cases.catalog.sync import SyncOutcome
from tests.contract.memory_world import MemoryWorld
from tests.support.builders import Fact, a_repository, ago
from tests.support.catalog import Catalog, facts


@pytest.fixture
def catalog() -> Catalog:
    """Give a provider whose pages hold three repositories."""
    return Catalog(MemoryWorld(), page_size=3)


SYNCED: dict[str, Fact] = {"synced_at": ago(hours=1), "sync_requested_at": ago(minutes=1)}


async def synced(catalog: Catalog, integration: Integration) -> SyncOutcome:
    """Sync one integration as it is now."""
    return (await catalog.sync(await catalog.read(integration))).outcome


def names(told: list[RecordedEvent]) -> list[tuple[str, str]]:
    """Return type and repository of facts about repositories and links."""
    return [(fact.type.value, fact.data.repo_id) for fact in told if hasattr(fact.data, "repo_id")]


async def test_the_first_sync_fills_the_catalog(catalog: Catalog) -> None:
    """All pages, every field; ten thousand new rows are no news to consumers."""
    full = facts(
        "1",
        "acme/Widgets",
        private=False,
        archived=True,
        fork=True,
        default_branch="trunk",
        description="Widgets for all",
        language="Go",
        pushed_at=ago(days=1),
        updated_at=ago(days=2),
    )
    listed = [full, *(facts(str(number)) for number in range(2, 9))]
    integration = await catalog.connected(*listed)
    report = await catalog.sync(integration)
    assert (report.outcome, report.listed, report.written) == (SyncOutcome.DONE, 8, 8)
    rows = await catalog.rows(integration)
    assert sorted(rows) == sorted(one.repo_id for one in listed)
    assert rows["1"] == a_repository(
        integration,
        "1",
        full_name="acme/Widgets",
        url=full.url,
        private=False,
        archived=True,
        fork=True,
        default_branch="trunk",
        description="Widgets for all",
        language="Go",
        pushed_at=full.pushed_at,
        provider_updated_at=full.updated_at,
    )
    assert await catalog.told() == []
    assert (await catalog.read(integration)).synced_at == catalog.clock.now()


async def test_a_second_sync_writes_nothing(catalog: Catalog) -> None:
    """What is as it was is not written again, nor told."""
    integration = await catalog.connected(facts("1"), facts("2"))
    await synced(catalog, integration)
    await catalog.change(integration, sync_requested_at=ago(minutes=1))
    report = await catalog.sync(await catalog.read(integration))
    assert (report.outcome, report.listed, report.written) == (SyncOutcome.DONE, 2, 0)
    assert await catalog.told() == []


async def test_what_changed_is_written_and_told(catalog: Catalog) -> None:
    """Each repository by its own kind of change, once."""
    known = [facts(str(number), default_branch="main") for number in range(1, 8)]
    integration = await catalog.connected(*known)
    await synced(catalog, integration)
    catalog.lists(
        integration,
        replace(known[0], full_name="acme/renamed"),
        replace(known[1], archived=True),
        replace(known[2], private=False),
        replace(known[3], default_branch="trunk"),
        replace(known[4], description="What nobody is told of"),
        known[5],
        facts("9"),
    )
    await catalog.change(integration, **SYNCED)
    assert await synced(catalog, integration) is SyncOutcome.DONE
    rows = await catalog.rows(integration)
    assert rows["1"].full_name == "acme/renamed"
    assert rows["5"].description == "What nobody is told of"
    assert rows["7"].removed_at == catalog.clock.now()
    told = [(fact.type.value, fact.data) for fact in await catalog.told()]
    assert [
        (name, data.repo_id, data.change, data.previous_full_name)
        for name, data in told
        if isinstance(data, RepositoryData)
    ] == [
        ("git.repository.renamed", "1", "renamed", "acme/repository-1"),
        ("git.repository.updated", "2", "archived", None),
        ("git.repository.updated", "3", "publicized", None),
        ("git.repository.updated", "4", "edited", None),
        ("git.repository.added", "9", "added", None),
        ("git.repository.removed", "7", "removed", None),
    ]


async def test_links_follow(catalog: Catalog) -> None:
    """A link's name and mirrored branch follow; lost and found again, its project is told."""
    integration = await catalog.connected(facts("1"), facts("2"))
    await synced(catalog, integration)
    organization = await catalog.world.organization()
    project = await catalog.world.project(replace(organization, id=integration.organization_id))
    link = await catalog.world.link(project, integration, repo_full_name="acme/repository-1")

    catalog.lists(integration, facts("1", "acme/renamed", default_branch="trunk"), facts("2"))
    await catalog.change(integration, **SYNCED)
    await synced(catalog, integration)
    async with catalog.world.unit_of_work() as tx:
        followed = await tx.links.find(project.id, link.provider)
    assert followed is not None
    assert (followed.repo_full_name, followed.default_branch) == ("acme/renamed", "trunk")

    catalog.lists(integration, facts("2"))
    await catalog.change(integration, **SYNCED)
    await synced(catalog, integration)
    catalog.lists(integration, facts("1", "acme/renamed", default_branch="trunk"), facts("2"))
    await catalog.change(integration, **SYNCED)
    await synced(catalog, integration)
    assert names(list(await catalog.told())) == [
        ("git.repository.renamed", "1"),
        ("git.repository.removed", "1"),
        ("git.link.unreachable", "1"),
        ("git.repository.added", "1"),
        ("git.link.restored", "1"),
    ]
    async with catalog.world.unit_of_work() as tx:
        trail = await tx.versions.of_item("link", str(link.external_id))
    assert [version.actor for version in trail[1:]] == ["system:sync"]


async def test_links_are_told_of_even_at_the_first_sync(catalog: Catalog) -> None:
    """Connected anew, an organization's links come back to life."""
    integration = await catalog.connected(facts("1"), facts("2"))
    organization = await catalog.world.organization()
    project = await catalog.world.project(replace(organization, id=integration.organization_id))
    await catalog.world.link(project, integration)
    await catalog.save(a_repository(integration, "1", removed_at=ago(hours=1)))
    await synced(catalog, integration)
    assert names(list(await catalog.told())) == [("git.link.restored", "1")]


async def test_an_accounts_new_name_is_told_of_linked_repositories_alone(catalog: Catalog) -> None:
    """It changes the names of all, which would be noise."""
    integration = await catalog.connected(*(facts(str(number)) for number in range(1, 6)))
    await synced(catalog, integration)
    organization = await catalog.world.organization()
    project = await catalog.world.project(replace(organization, id=integration.organization_id))
    await catalog.world.link(project, integration, repo_id=RepoId("4"))
    catalog.lists(integration, *(facts(str(n), f"acme-inc/repository-{n}") for n in range(1, 6)))
    await catalog.change(integration, **SYNCED)
    await synced(catalog, integration)
    assert {row.owner for row in (await catalog.rows(integration)).values()} == {"acme-inc"}
    assert names(list(await catalog.told())) == [("git.repository.renamed", "4")]


async def test_a_listing_older_than_the_row_changes_nothing(catalog: Catalog) -> None:
    """Lists lag behind events; what is listed all the same is not removed."""
    old = facts("1", updated_at=ago(minutes=10))
    integration = await catalog.connected(old, facts("2"))
    newer = a_repository(integration, "1", full_name="acme/newer", provider_updated_at=ago(minutes=5))
    await catalog.save(newer)
    assert await synced(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.rows(integration))["1"] == newer


async def test_an_installation_without_repositories_empties_the_catalog(catalog: Catalog) -> None:
    """A list of none is complete when the provider says there are none."""
    integration = await catalog.connected(facts("1"))
    await synced(catalog, integration)
    catalog.lists(integration)
    await catalog.change(integration, **SYNCED)
    assert await synced(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.rows(integration))["1"].removed_at is not None


async def listed_as(catalog: Catalog, integration: Integration, *pages: RepositoryPage) -> SyncOutcome:
    """Sync while the provider lists these pages."""

    async def repositories(*_: object) -> object:
        for page in pages:
            yield page

    catalog.provider.repositories = repositories  # type: ignore[assignment,method-assign]
    await catalog.change(integration, **SYNCED)
    return await synced(catalog, integration)


@pytest.mark.parametrize(
    "totals",
    [(4, 4), (3, 4), (4, 3), (2, 2)],
    ids=["some are missing", "one came", "one went", "more than there are"],
)
async def test_an_incomplete_listing_removes_nothing(catalog: Catalog, totals: tuple[int, int]) -> None:
    """While pages move some are missed: what is shown is taken in, what is not stays."""
    integration = await catalog.connected(facts("1"), facts("2"), facts("3"), facts("4"))
    await synced(catalog, integration)
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
    assert (after.sync_error, after.sync_failures) == ("listing_incomplete", 1)
    assert after.synced_at != catalog.clock.now()
    assert before.synced_at is not None


FAILURES = {
    "outage": (ProviderUnavailable("It does not answer."), timedelta(minutes=1)),
    "limit": (
        RateLimited(ago(minutes=-40), retry_after=2400.0),
        timedelta(minutes=40),
    ),
    "suspended": (InstallationSuspended("It is suspended."), timedelta(minutes=1)),
}


@pytest.mark.parametrize(("error", "delay"), FAILURES.values(), ids=FAILURES.keys())
async def test_a_failure_keeps_the_catalog_and_its_age(
    catalog: Catalog, error: ProviderUnavailable, delay: timedelta
) -> None:
    """It is tried again later, and not before the provider wants that."""
    integration = await catalog.connected(facts("1"))
    await synced(catalog, integration)
    rows = await catalog.rows(integration)
    known = await catalog.change(integration, **SYNCED)
    catalog.provider.fail("repositories", error)
    report = await catalog.sync(known)
    assert (report.outcome, report.reason) == (SyncOutcome.FAILED, error.code)
    assert await catalog.rows(integration) == rows
    after = await catalog.read(integration)
    assert (after.synced_at, after.sync_error) == (known.synced_at, error.code)
    assert after.sync_retry_at == catalog.clock.now() + delay
    assert await synced(catalog, integration) is SyncOutcome.NOT_DUE
    catalog.clock.advance(delay)
    assert await synced(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.read(integration)).sync_error is None


async def test_failures_in_a_row_wait_longer(catalog: Catalog) -> None:
    """An outage of an hour is not met by sixty attempts."""
    integration = await catalog.connected(facts("1"))
    catalog.provider.fail("repositories", ProviderUnavailable("It does not answer."), times=None)
    waits = []
    for _ in range(6):
        assert await synced(catalog, integration) is SyncOutcome.FAILED
        retry_at = (await catalog.read(integration)).sync_retry_at
        assert retry_at is not None
        waits.append(int((retry_at - catalog.clock.now()).total_seconds() / 60))
        catalog.clock.set(retry_at)
    assert waits == [1, 5, 15, 60, 60, 60]


async def test_a_token_that_dies_is_replaced_once(catalog: Catalog) -> None:
    """A token revoked a moment ago is no failure; a second refusal is."""
    integration = await catalog.connected(facts("1"))
    catalog.provider.fail("repositories", CredentialRefused("The token is dead."))
    assert await synced(catalog, integration) is SyncOutcome.DONE
    assert catalog.provider.calls["mint_token"] == 2
    await catalog.change(integration, **SYNCED)
    catalog.provider.fail("repositories", CredentialRefused("The token is dead."), times=2)
    assert await synced(catalog, integration) is SyncOutcome.FAILED


async def test_one_sync_at_a_time(catalog: Catalog) -> None:
    """Whoever comes second leaves it to the first."""
    integration = await catalog.connected(facts("1"))
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def hold(call: str) -> None:
        if call == "repositories":
            reading.set()
            await go_on.wait()

    catalog.provider.before = hold
    first = asyncio.create_task(catalog.sync(integration))
    await reading.wait()
    assert await synced(catalog, integration) is SyncOutcome.NOT_DUE
    assert (await catalog.read(integration)).sync_claimed_until is not None
    go_on.set()
    assert (await first).outcome is SyncOutcome.DONE


async def test_an_event_during_a_sync_asks_for_another(catalog: Catalog) -> None:
    """What the provider told meanwhile may not be in the pages any more."""
    integration = await catalog.connected(facts("1"))

    async def event(call: str) -> None:
        if call == "repositories":
            known = await catalog.read(integration)
            wanted = known.sync_wanted(at=catalog.clock.now())
            await catalog.change(integration, sync_requested_at=wanted.sync_requested_at)

    catalog.provider.before = event
    assert await synced(catalog, integration) is SyncOutcome.DONE
    catalog.provider.before = None
    assert await synced(catalog, integration) is SyncOutcome.DONE
    assert await synced(catalog, integration) is SyncOutcome.NOT_DUE


async def test_what_an_event_wrote_meanwhile_stays(catalog: Catalog) -> None:
    """Neither is what it removed revived, nor what it added removed, nor what it changed changed back."""
    integration = await catalog.connected(facts("1"), facts("2"), facts("3", "acme/old"))
    await catalog.save(a_repository(integration, "1"), a_repository(integration, "3", full_name="acme/old"))
    written = [
        a_repository(integration, "1", removed_at=ago(seconds=1)),
        a_repository(integration, "3", full_name="acme/new"),
        a_repository(integration, "4"),
    ]

    async def events(call: str) -> None:
        if call == "repositories":
            await catalog.save(*written)

    catalog.provider.before = events
    assert await synced(catalog, integration) is SyncOutcome.DONE
    rows = await catalog.rows(integration)
    assert [rows[row.repo_id] for row in written] == written
    assert rows["2"].removed_at is None
    assert await catalog.told() == []


REBOUND: dict[str, dict[str, Fact]] = {
    "another installation": {"provider_id": "77"},
    "suspended": {
        "status": IntegrationStatus.SUSPENDED,
        "status_reason": StatusReason.SUSPENDED_ON_PROVIDER,
    },
    "revoked": {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
}


@pytest.mark.parametrize("changed", REBOUND.values(), ids=REBOUND.keys())
async def test_a_sync_ends_with_its_installation(catalog: Catalog, changed: dict[str, Fact]) -> None:
    """Pages of an installation that is not this integration's any more never reach its catalog."""
    integration = await catalog.connected(facts("1"))

    async def rebind(call: str) -> None:
        if call == "repositories":
            await catalog.change(integration, **changed)

    catalog.provider.before = rebind
    assert await synced(catalog, integration) is SyncOutcome.LOST
    assert await catalog.rows(integration) == {}
    after = await catalog.read(integration)
    assert (after.synced_at, after.sync_claimed_until) == (None, None)


async def test_stopped_in_the_middle_it_is_left_to_the_next(catalog: Catalog) -> None:
    """A scheduler that is asked to stop does not make people wait for its claim to expire."""
    integration = await catalog.connected(facts("1"))
    reading = asyncio.Event()

    async def hold(call: str) -> None:
        if call == "repositories":
            reading.set()
            await asyncio.Event().wait()

    catalog.provider.before = hold
    task = asyncio.create_task(catalog.sync(integration))
    await reading.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    catalog.provider.before = None
    assert await synced(catalog, integration) is SyncOutcome.DONE


async def test_a_crash_is_left_to_the_next_when_the_claim_expires(catalog: Catalog) -> None:
    """Whoever held it is gone without a word; its request is not forgotten."""
    integration = await catalog.connected(facts("1"), **SYNCED)
    async with catalog.world.unit_of_work() as tx:
        now = catalog.clock.now()
        until = now + timedelta(minutes=2)
        assert await tx.catalog_syncs.claim(integration, owner="gone", now=now, until=until)
        await tx.commit()
    assert await synced(catalog, integration) is SyncOutcome.NOT_DUE
    catalog.clock.advance(timedelta(minutes=2))
    assert await synced(catalog, integration) is SyncOutcome.DONE


async def test_a_mistake_of_ours_is_counted_and_seen(catalog: Catalog) -> None:
    """It is no provider's fault, so it is raised; and it is not tried again at once for ever."""
    integration = await catalog.connected(facts("1"))
    catalog.provider.fail("repositories", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await catalog.sync(integration)
    assert await synced(catalog, integration) is SyncOutcome.NOT_DUE
    assert (await catalog.read(integration)).sync_error == "internal"


async def test_storage_lost_in_the_middle_is_raised(catalog: Catalog) -> None:
    """Nothing can be noted then; the claim expires by itself."""
    integration = await catalog.connected(facts("1"))

    async def lose(call: str) -> None:
        if call == "repositories":
            await catalog.world.lose_storage()

    catalog.provider.before = lose
    with pytest.raises(StorageUnavailable):
        await catalog.sync(integration)
    catalog.provider.before = None
    await catalog.world.restore_storage()
    catalog.clock.advance(timedelta(minutes=2))
    assert await synced(catalog, integration) is SyncOutcome.DONE


async def test_all_that_is_due_is_synced(catalog: Catalog) -> None:
    """One failing integration stops none of the others, and each is tried once."""
    for number in range(1, 5):
        await catalog.connected(facts(str(number)), provider_id=str(number))
    await catalog.connected(facts("9"), provider_id="9", synced_at=catalog.clock.now())
    catalog.provider.fail("repositories", ProviderUnavailable("It does not answer."))
    outcomes = await catalog.sync_due()
    assert outcomes == {SyncOutcome.DONE: 3, SyncOutcome.FAILED: 1}
    assert await catalog.sync_due() == {}
    catalog.clock.advance(timedelta(minutes=1))
    assert await catalog.sync_due() == {SyncOutcome.DONE: 1}


async def test_several_share_what_is_due(catalog: Catalog) -> None:
    """Side by side they sync each catalog once."""
    for number in range(1, 9):
        await catalog.connected(facts(str(number)), provider_id=str(number))
    ended = await asyncio.gather(*(catalog.sync_due() for _ in range(3)))
    assert sum(outcomes[SyncOutcome.DONE] for outcomes in ended) == 8
    assert catalog.provider.calls["repositories"] == 8


async def test_every_catalog_is_read_again_within_a_day(catalog: Catalog) -> None:
    """Whatever events were lost, a day later the catalog is right."""
    integration = await catalog.connected(facts("1"))
    await catalog.sync_due()
    catalog.lists(integration, facts("2"))
    catalog.clock.advance(timedelta(hours=21))
    assert await catalog.sync_due() == {}
    catalog.clock.advance(timedelta(hours=3))
    assert await catalog.sync_due() == {SyncOutcome.DONE: 1}
    rows = await catalog.rows(integration)
    assert (rows["1"].removed_at is None, rows["2"].removed_at is None) == (False, True)
