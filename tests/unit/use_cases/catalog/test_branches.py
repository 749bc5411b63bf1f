"""The branches of a repository, which come from the provider."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.errors import DomainError
from core.domain.provider_errors import AppRefused, NotVisible, ProviderUnavailable, RateLimited
from core.use_cases.catalog.branch_cache import BranchCache
from core.use_cases.catalog.list_branches import BranchPage
from testing.builders.entities import time_ago
from tests.support.conditions import until
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_reader import Connected


def names(page: BranchPage) -> list[str]:
    """Return the names of a page's branches."""
    return [branch.name for branch in page.branches]


async def test_lists_the_default_branch_first(connected: Connected) -> None:
    """Then the others by name, with a search in any part and case."""
    connected.has_branches("a-fix", "Zeta", "main", "beta", "feature/MAIN-1")
    page = await connected.branches()
    assert names(page) == ["main", "a-fix", "beta", "feature/MAIN-1", "Zeta"]
    assert (page.default_branch, page.next, page.is_stale, page.is_complete) == ("main", None, False, True)
    assert names(await connected.branches(text="main")) == ["main", "feature/MAIN-1"]
    assert names(await connected.branches(text="ETA")) == ["beta", "Zeta"]
    assert names(await connected.branches(text="nothing")) == []


async def test_pages_through_branches(connected: Connected) -> None:
    """Each branch is on one page; removed branches move nothing."""
    connected.has_branches("a", "b", "c", "main")
    first = await connected.branches(limit=2)
    assert (names(first), first.next) == (["main", "a"], "a")
    connected.catalog.clock.advance(timedelta(minutes=1))
    connected.has_branches("b", "c", "main")
    second = await connected.branches(limit=2, after=first.next)
    assert (names(second), second.next) == (["b", "c"], None)


async def test_empty_repository_has_no_branches(connected: Connected) -> None:
    """Without an error."""
    assert names(await connected.branches()) == []


async def test_fetches_branches_at_most_every_half_minute(connected: Connected) -> None:
    """Once for all concurrent callers."""
    catalog = connected.catalog
    connected.has_branches("main")
    await asyncio.gather(*(connected.branches() for _ in range(10)))
    await connected.branches()
    assert catalog.provider.calls["list_branches"] == 1
    connected.has_branches("main", "new")
    catalog.clock.advance(timedelta(seconds=30))
    assert names(await connected.branches()) == ["main", "new"]
    assert catalog.provider.calls["list_branches"] == 2


DOWN: dict[str, DomainError] = {
    "outage": ProviderUnavailable("It does not answer."),
    "limit": RateLimited(time_ago(minutes=-1), retry_after=60),
    "our app": AppRefused("The key is wrong."),
}


@pytest.mark.parametrize("error", DOWN.values(), ids=DOWN.keys())
async def test_serves_stale_branches_during_an_outage(connected: Connected, error: DomainError) -> None:
    """With a mark and the time; fresh again afterwards."""
    catalog = connected.catalog
    connected.has_branches("main", "known")
    fetched_at = (await connected.branches()).fetched_at
    catalog.provider.fail("list_branches", error, times=None)
    catalog.clock.advance(timedelta(hours=1))
    page = await connected.branches(text="know")
    assert (names(page), page.is_stale, page.fetched_at) == (["known"], True, fetched_at)
    catalog.provider.heal()
    assert not (await connected.branches()).is_stale


async def test_without_stored_branches_an_outage_is_an_error(connected: Connected) -> None:
    connected.catalog.provider.fail("list_branches", DOWN["outage"])
    with pytest.raises(ProviderUnavailable):
        await connected.branches()


async def test_errors_of_the_repository_are_not_hidden(connected: Connected) -> None:
    """A removed repository or a suspended installation returns no stale branches."""
    connected.has_branches("main")
    await connected.branches()
    connected.catalog.clock.advance(timedelta(minutes=1))
    connected.catalog.provider.fail("list_branches", NotVisible("It is gone."))
    with pytest.raises(NotVisible):
        await connected.branches()


async def test_search_finds_any_of_many_branches(connected: Connected) -> None:
    """The list has a thousand and a mark; a search finds parts of names, in any case."""
    catalog = connected.catalog
    connected.has_branches(*(f"b{number:04}" for number in range(1500)), "main", "zoo/Lion", "zoo/tiger")
    page = await connected.branches()
    assert (page.branches[0].name, page.is_complete) == ("main", False)
    assert names(await connected.branches(text="0999")) == ["b0999"]
    assert names(await connected.branches(text="1499")) == ["b1499"]
    found = await connected.branches(text="LION")
    assert (names(found), found.is_complete) == (["zoo/Lion"], True)
    read = catalog.provider.calls["list_branches"]
    assert names(await connected.branches(text="oo/t")) == ["zoo/tiger"]
    # Only branches with this prefix are requested; the complete list is not read again.
    assert catalog.provider.calls["list_branches"] == read + 1
    catalog.provider.fail("list_branches", DOWN["outage"])
    found = await connected.branches(text="zoo/")
    assert (names(found), found.is_stale) == ([], True)
    assert names(await connected.branches(text="mai")) == ["main"]


async def test_search_does_not_wait_for_all_branches(connected: Connected) -> None:
    """During the listing it searches by prefix; afterwards in the listed branches."""
    catalog = connected.catalog
    connected.has_branches(*(f"b{number:04}" for number in range(1500)), "zoo/lion")
    known = catalog.list_branches
    catalog.list_branches = replace(known, all_branches=replace(known.all_branches, wait_seconds=0))
    first = await connected.branches(text="lion")
    assert (names(first), first.is_complete) == ([], False)
    assert names(await connected.branches(text="zoo")) == ["zoo/lion"]

    async def found() -> bool:
        return names(await connected.branches(text="lion")) == ["zoo/lion"]

    await until(found)


async def test_branches_belong_to_one_installation(connected: Connected) -> None:
    """Branches that the token of one account read are not shown for another."""
    catalog = connected.catalog
    connected.has_branches("secret")
    await connected.branches()
    catalog.provider.state.install("2", facts("1"))
    await catalog.change(connected.integration, provider_id="2")
    catalog.provider.fail("list_branches", DOWN["outage"])
    with pytest.raises(ProviderUnavailable):
        await connected.branches()


async def test_limits_the_cache(connected: Connected) -> None:
    """The least recently used repository is evicted."""
    catalog = connected.catalog
    bounded = BranchCache(max_branches=5)
    calls = catalog.list_branches
    catalog.list_branches = type(calls)(
        calls.unit_of_work, calls.access_control, calls.access, calls.clock, calls.all_branches, bounded
    )
    connected.has_branches("a", "b", "main")
    for repo_id in ("1", "2", "3", "2", "3", "1"):
        await connected.branches(repo_id)
    assert catalog.provider.calls["list_branches"] == 4
