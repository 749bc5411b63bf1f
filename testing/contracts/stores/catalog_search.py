from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition, about, search_order
from core.domain.integrations.integration import Integration
from ports.unit_of_work import Transaction
from testing.builders.entities import build_repository, time_ago
from testing.contracts.store_stage import StoreStage

# Few letters, so that they meet; separators, upper case, and a letter whose lower case is two characters.
_TEXT = st.text(alphabet="abcA-_. éİ%\\[", max_size=6)
_NAMES = st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=12)
_SEARCH_TEXT = _TEXT | st.tuples(_TEXT, _TEXT).map("/".join)

# Each example is a new integration in the same store, and each adapter runs all examples.
_ONE_STORE = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)


class CatalogSearchContract:
    """How every catalog store lists and searches repositories."""

    async def test_nothing_is_no_error(self, stage: StoreStage) -> None:
        """An empty catalog has an empty first page."""
        integration = await stage.add_integration()
        assert await _search_names(stage, integration, CatalogFilter()) == []
        assert await _search_names(stage, integration, CatalogFilter("x")) == []

    async def test_by_name_without_regard_to_case(self, stage: StoreStage) -> None:
        """People look for a name where the alphabet puts it."""
        integration = await stage.add_integration()
        await _add_named(stage, integration, "acme/Zebra", "acme/apple", "acme/Mango", "Acme/banana")
        found = await _search_names(stage, integration, CatalogFilter())
        assert found == ["acme/apple", "Acme/banana", "acme/Mango", "acme/Zebra"]

    async def test_text_is_found_in_owner_and_name(self, stage: StoreStage) -> None:
        """Three characters or more anywhere, across the slash too; fewer at the beginning of a part."""
        integration = await stage.add_integration()
        await _add_named(stage, integration, "acme/web-shop", "acme/rocket.io", "zenith/shop_Floor")
        for text, names in {
            "SHOP": ["zenith/shop_Floor", "acme/web-shop"],
            "me/web": ["acme/web-shop"],
            "acme/": ["acme/rocket.io", "acme/web-shop"],
            "/s": [],
            "-shop": ["acme/web-shop"],
            "hop": ["zenith/shop_Floor", "acme/web-shop"],
            "ho": [],
            "sh": ["zenith/shop_Floor", "acme/web-shop"],
            "i": ["acme/rocket.io"],
            "F": ["zenith/shop_Floor"],
            "h_f": [],
            "%%%": [],
            "acme/web-shop and more": [],
            "acme/web/shop": [],
        }.items():
            assert await _search_names(stage, integration, CatalogFilter(text)) == names, text

    async def test_the_name_counts_before_the_owner(self, stage: StoreStage) -> None:
        """First the name itself, then what begins with it, then words of names, then the rest."""
        integration = await stage.add_integration()
        names = [
            "orbital-works/orbit",
            "orbital-works/orbit-viewer",
            "orbital-works/orbiter",
            "orbital-works/low-orbit",
            "orbital-works/suborbital",
            "orbital-works/antenna",
            "orbital-works/zenith",
        ]
        await _add_named(stage, integration, *reversed(names))
        assert await _search_names(stage, integration, CatalogFilter("orbit")) == [
            *names[:5],
            *("orbital-works/antenna", "orbital-works/zenith"),
        ]
        assert await _search_names(stage, integration, CatalogFilter("ORBIT-V")) == ["orbital-works/orbit-viewer"]
        seen: list[str] = []
        after = None
        for _ in names:
            async with stage.unit_of_work() as tx:
                [row] = await _browse(tx, integration, CatalogFilter("orbit"), limit=1, after=after)
            seen.append(row.full_name)
            after = CatalogPosition(row.full_name, row.repo_id)
        assert seen == names

    async def test_description_language_and_topics_are_found_last(self, stage: StoreStage) -> None:
        """By whole words, or by how one begins from three characters on; a changed description counts."""
        integration = await stage.add_integration()
        rows = [
            build_repository(integration, "1", full_name="acme/alpha", description="Payment gateway, for Go"),
            build_repository(integration, "2", full_name="acme/beta", language="Python", topics=("pay-later",)),
            build_repository(integration, "3", full_name="acme/payroll", language="C++", topics=()),
            build_repository(integration, "4", full_name="acme/delta", topics=('"odd{,\\', "event-sourcing")),
        ]
        await _save(stage, rows)
        for text, names in {
            "pay": ["acme/payroll", "acme/alpha", "acme/beta"],
            "payment gate": ["acme/alpha"],
            "gateway for": ["acme/alpha"],
            "ayment": [],
            "go": ["acme/alpha"],
            "g": [],
            "python": ["acme/beta"],
            "c++": ["acme/payroll"],
            "pay-later": ["acme/beta"],
            "event-s": ["acme/delta"],
            "event so": ["acme/delta"],
            "odd": ["acme/delta"],
        }.items():
            assert await _search_names(stage, integration, CatalogFilter(text)) == names, text
        await _save(stage, [replace(rows[0], description="Nothing of note")])
        assert await _search_names(stage, integration, CatalogFilter("payment")) == []
        async with stage.unit_of_work() as tx:
            kept = await tx.catalog.find_repositories([(integration.id, row.repo_id) for row in rows[1:]])
        assert sorted(kept, key=lambda row: row.repo_id) == rows[1:]

    async def test_each_condition_counts(self, stage: StoreStage) -> None:
        """A repository must meet all conditions of the filter."""
        integration = await stage.add_integration()
        rows = [
            build_repository(integration, "1", full_name="acme/one", archived=True),
            build_repository(integration, "2", full_name="acme/two", private=False, fork=True),
            build_repository(integration, "3", full_name="acme/three", private=False),
        ]
        await _save(stage, rows)
        for where, names in (
            (CatalogFilter(archived=True), ["acme/one"]),
            (CatalogFilter(archived=False), ["acme/three", "acme/two"]),
            (CatalogFilter(private=False), ["acme/three", "acme/two"]),
            (CatalogFilter(private=False, fork=False), ["acme/three"]),
            (CatalogFilter("two", fork=True), ["acme/two"]),
            (CatalogFilter("two", private=True), []),
            (CatalogFilter("t", fork=False), ["acme/three"]),
        ):
            assert await _search_names(stage, integration, where) == names, where

    async def test_of_this_integration_and_not_removed(self, stage: StoreStage) -> None:
        """Nobody finds what is another's, nor what is out of sight until it comes back."""
        integration = await stage.add_integration()
        other = await stage.add_integration(provider_id="2")
        await _add_named(stage, other, "acme/widgets")
        removed = build_repository(integration, full_name="acme/widgets", removed_at=time_ago(minutes=1))
        await _save(stage, [removed])
        for text in ("", "w", "wid", "widgets"):
            assert await _search_names(stage, integration, CatalogFilter(text)) == []
        await _save(stage, [replace(removed, removed_at=None)])
        assert await _search_names(stage, integration, CatalogFilter("wid")) == ["acme/widgets"]

    async def test_nothing_of_what_was_never_connected(self, stage: StoreStage) -> None:
        """An organization without an integration, and another provider than it has."""
        integration = await stage.add_integration()
        other = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            for organization_id, provider in ((other.id, "github"), (integration.organization_id, "gitlab")):
                assert await tx.catalog.search_repositories(organization_id, provider, CatalogFilter(), limit=9) is None

    async def test_a_new_name_is_found_and_the_old_one_is_not(self, stage: StoreStage) -> None:
        """The index follows a renaming."""
        integration = await stage.add_integration()
        [row] = await _add_named(stage, integration, "acme/widgets")
        await _save(stage, [replace(row, full_name="acme/gadgets")])
        assert await _search_names(stage, integration, CatalogFilter("widgets")) == []
        assert await _search_names(stage, integration, CatalogFilter("gadgets")) == ["acme/gadgets"]

    async def test_pages_meet_while_rows_come_and_go(self, stage: StoreStage) -> None:
        """What was there all the time is on exactly one page."""
        integration = await stage.add_integration()
        stayed = await _add_named(stage, integration, *(f"acme/widget-{number:02}" for number in range(10)))
        seen: list[Repository] = []
        for number in range(6):
            after = CatalogPosition(seen[-1].full_name, seen[-1].repo_id) if seen else None
            async with stage.unit_of_work() as tx:
                seen += await _browse(tx, integration, CatalogFilter("widget"), limit=3, after=after)
            come = build_repository(integration, f"new-{number}", full_name=f"acme/widget-0{number}-new")
            gone = build_repository(
                integration, f"new-{number - 1}", full_name="acme/a-widget", removed_at=time_ago(minutes=1)
            )
            await _save(stage, [come, gone])
        names = [row.full_name for row in seen]
        assert names == sorted(set(names))
        assert {row.full_name for row in stayed} <= set(names)

    async def test_equal_names_are_ordered_by_id(self, stage: StoreStage) -> None:
        """Two rows can have the same name until a late rename arrives; pages skip neither of them."""
        integration = await stage.add_integration()
        await _save(stage, [build_repository(integration, f"{n}", full_name="acme/twin") for n in range(5)])
        seen: list[Repository] = []
        while len(seen) < 5:
            after = CatalogPosition(seen[-1].full_name, seen[-1].repo_id) if seen else None
            async with stage.unit_of_work() as tx:
                seen += await _browse(tx, integration, CatalogFilter(), limit=2, after=after)
        assert [row.repo_id for row in seen] == list("01234")

    @settings(max_examples=40, deadline=None, suppress_health_check=_ONE_STORE)
    @given(names=_NAMES, text=_SEARCH_TEXT, archived=st.none() | st.booleans(), limit=st.integers(1, 5))
    async def test_as_the_rule_says(
        self, stage: StoreStage, names: list[tuple[str, str, str]], text: str, archived: bool | None, limit: int
    ) -> None:
        """Whatever the names and the text are, page by page exactly what the rule says is found."""
        integration = await stage.add_integration(provider_id=uuid4().hex)
        rows = [
            build_repository(
                integration,
                f"{number:02}",
                full_name=f"{owner}/{name}",
                archived=number % 2 == 0,
                description=description,
            )
            for number, (owner, name, description) in enumerate(names)
        ]
        await _save(stage, rows)
        where = CatalogFilter(text, archived=archived)
        found: list[Repository] = []
        while True:
            after = CatalogPosition(found[-1].full_name, found[-1].repo_id) if found else None
            async with stage.unit_of_work() as tx:
                more = await _browse(tx, integration, where, limit=limit, after=after)
            found += more
            if len(more) < limit:
                break
        expected = [row for row in rows if where.matches(row)]
        assert found == sorted(expected, key=lambda row: search_order(text, row.full_name, row.repo_id, about(row)))


async def _add_named(stage: StoreStage, integration: Integration, *names: str) -> list[Repository]:
    rows = [build_repository(integration, f"{n}", full_name=name) for n, name in enumerate(names)]
    await _save(stage, rows)
    return rows


async def _save(stage: StoreStage, rows: Sequence[Repository]) -> None:
    async with stage.unit_of_work() as tx:
        await tx.catalog.save_repositories(rows)
        await tx.commit()


async def _search_names(stage: StoreStage, integration: Integration, where: CatalogFilter) -> list[str]:
    async with stage.unit_of_work() as tx:
        rows = await _browse(tx, integration, where, limit=100)
    return [row.full_name for row in rows]


async def _browse(
    tx: Transaction, integration: Integration, where: CatalogFilter, *, limit: int, after: CatalogPosition | None = None
) -> Sequence[Repository]:
    browsed = await tx.catalog.search_repositories(
        integration.organization_id, integration.provider, where, limit=limit, after=after
    )
    assert browsed is not None
    found, rows = browsed
    assert found == await tx.integrations.find(integration.organization_id, integration.provider)
    return rows
