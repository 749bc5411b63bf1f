"""A sync updates the catalog to the provider's list and publishes each change."""

from dataclasses import replace

from core.domain.identifiers import RepoId
from core.domain.streams.domain_event import RepositoryData
from core.use_cases.catalog.sync_catalog import SyncOutcome
from testing.builders.entities import build_repository, time_ago
from tests.support.scenarios.catalog import Catalog, facts
from tests.support.scenarios.catalog_sync import SYNCED, names, sync_now


async def test_first_sync_fills_the_catalog(catalog: Catalog) -> None:
    """All pages and fields; no events for ten thousand new rows."""
    full = facts(
        "1",
        "acme/Widgets",
        private=False,
        archived=True,
        fork=True,
        default_branch="trunk",
        description="Widgets for all",
        language="Go",
        pushed_at=time_ago(days=1),
        updated_at=time_ago(days=2),
    )
    listed = [full, *(facts(str(number)) for number in range(2, 9))]
    integration = await catalog.connect(*listed)
    report = await catalog.sync(integration)
    assert (report.outcome, report.listed, report.written) == (SyncOutcome.DONE, 8, 8)
    rows = await catalog.rows(integration)
    assert sorted(rows) == sorted(one.repo_id for one in listed)
    assert rows["1"] == build_repository(
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
    assert await catalog.list_domain_events() == []
    assert (await catalog.read(integration)).synced_at == catalog.clock.now()


async def test_second_sync_writes_nothing(catalog: Catalog) -> None:
    """Unchanged rows are neither written nor published."""
    integration = await catalog.connect(facts("1"), facts("2"))
    await sync_now(catalog, integration)
    await catalog.change(integration, sync_requested_at=time_ago(minutes=1))
    report = await catalog.sync(await catalog.read(integration))
    assert (report.outcome, report.listed, report.written) == (SyncOutcome.DONE, 2, 0)
    assert await catalog.list_domain_events() == []


async def test_writes_and_publishes_changes(catalog: Catalog) -> None:
    """One event per repository, by its kind of change."""
    known = [facts(str(number), default_branch="main") for number in range(1, 8)]
    integration = await catalog.connect(*known)
    await sync_now(catalog, integration)
    catalog.lists(
        integration,
        replace(known[0], full_name="acme/renamed"),
        replace(known[1], archived=True),
        replace(known[2], private=False),
        replace(known[3], default_branch="trunk"),
        replace(known[4], description="Not published"),
        known[5],
        facts("9"),
    )
    await catalog.change(integration, **SYNCED)
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    rows = await catalog.rows(integration)
    assert rows["1"].full_name == "acme/renamed"
    assert rows["5"].description == "Not published"
    assert rows["7"].removed_at == catalog.clock.now()
    events = [(fact.type.value, fact.data) for fact in await catalog.list_domain_events()]
    assert [
        (name, data.repo_id, data.change, data.previous_full_name)
        for name, data in events
        if isinstance(data, RepositoryData)
    ] == [
        ("git.repository.renamed", "1", "renamed", "acme/repository-1"),
        ("git.repository.updated", "2", "archived", None),
        ("git.repository.updated", "3", "publicized", None),
        ("git.repository.updated", "4", "edited", None),
        ("git.repository.added", "9", "added", None),
        ("git.repository.removed", "7", "removed", None),
    ]


async def test_updates_links(catalog: Catalog) -> None:
    """Name and mirrored branch; a lost and a restored repository publish events."""
    integration = await catalog.connect(facts("1"), facts("2"))
    await sync_now(catalog, integration)
    organization = await catalog.world.add_organization()
    project = await catalog.world.add_project(replace(organization, id=integration.organization_id))
    link = await catalog.world.add_link(project, integration, repo_full_name="acme/repository-1")

    catalog.lists(integration, facts("1", "acme/renamed", default_branch="trunk"), facts("2"))
    await catalog.change(integration, **SYNCED)
    await sync_now(catalog, integration)
    async with catalog.world.unit_of_work() as tx:
        followed = await tx.links.find(project.id, link.provider)
    assert followed is not None
    assert (followed.repo_full_name, followed.default_branch) == ("acme/renamed", "trunk")

    catalog.lists(integration, facts("2"))
    await catalog.change(integration, **SYNCED)
    await sync_now(catalog, integration)
    catalog.lists(integration, facts("1", "acme/renamed", default_branch="trunk"), facts("2"))
    await catalog.change(integration, **SYNCED)
    await sync_now(catalog, integration)
    assert names(list(await catalog.list_domain_events())) == [
        ("git.repository.renamed", "1"),
        ("git.repository.removed", "1"),
        ("git.link.unreachable", "1"),
        ("git.repository.added", "1"),
        ("git.link.restored", "1"),
    ]
    async with catalog.world.unit_of_work() as tx:
        trail = await tx.versions.list_by_item("link", str(link.external_id))
    assert [version.actor for version in trail[1:]] == ["system:sync"]


async def test_first_sync_publishes_events_of_links(catalog: Catalog) -> None:
    """A reconnected organization's links are restored."""
    integration = await catalog.connect(facts("1"), facts("2"))
    organization = await catalog.world.add_organization()
    project = await catalog.world.add_project(replace(organization, id=integration.organization_id))
    await catalog.world.add_link(project, integration)
    await catalog.save(build_repository(integration, "1", removed_at=time_ago(hours=1)))
    await sync_now(catalog, integration)
    assert names(list(await catalog.list_domain_events())) == [("git.link.restored", "1")]


async def test_renamed_account_publishes_events_of_linked_repositories_only(catalog: Catalog) -> None:
    """It renames all repositories."""
    integration = await catalog.connect(*(facts(str(number)) for number in range(1, 6)))
    await sync_now(catalog, integration)
    organization = await catalog.world.add_organization()
    project = await catalog.world.add_project(replace(organization, id=integration.organization_id))
    await catalog.world.add_link(project, integration, repo_id=RepoId("4"))
    catalog.lists(integration, *(facts(str(n), f"acme-inc/repository-{n}") for n in range(1, 6)))
    await catalog.change(integration, **SYNCED)
    await sync_now(catalog, integration)
    assert {row.owner for row in (await catalog.rows(integration)).values()} == {"acme-inc"}
    assert names(list(await catalog.list_domain_events())) == [("git.repository.renamed", "4")]


async def test_older_listing_changes_nothing(catalog: Catalog) -> None:
    """Lists lag behind events; listed repositories are not removed either."""
    old = facts("1", updated_at=time_ago(minutes=10))
    integration = await catalog.connect(old, facts("2"))
    newer = build_repository(integration, "1", full_name="acme/newer", provider_updated_at=time_ago(minutes=5))
    await catalog.save(newer)
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.rows(integration))["1"] == newer


async def test_empty_installation_empties_the_catalog(catalog: Catalog) -> None:
    """If the provider's list is complete."""
    integration = await catalog.connect(facts("1"))
    await sync_now(catalog, integration)
    catalog.lists(integration)
    await catalog.change(integration, **SYNCED)
    assert await sync_now(catalog, integration) is SyncOutcome.DONE
    assert (await catalog.rows(integration))["1"].removed_at is not None
