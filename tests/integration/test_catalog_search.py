"""Lists and searches of a large catalog: answered right, and from indexes alone."""

import re
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from adapters.postgres import repository_search
from adapters.postgres.database import Database
from adapters.postgres.search import array, at_part, sought_grams
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.catalog_search import CatalogFilter, CatalogPlace, is_found
from core.domain.identifiers import IntegrationId, RepoId
from ports.unit_of_work import UnitOfWork
from tests.support.large_catalog import fill
from tests.support.servers import Servers, new_database

_SIZES = (40_000, 10_000, *[2_000] * 25)

Tenants = list[tuple[IntegrationId, list[str]]]


@pytest.fixture(scope="module")
def large(servers: Servers, database_template: str) -> Iterator[tuple[str, Tenants]]:
    """Give a database with 100,000 repositories of several tenants, and what their names are."""
    with new_database(servers.database_url, database_template) as url:
        yield url, fill(url, _SIZES)


@pytest.fixture
async def database(large: tuple[str, Tenants]) -> AsyncIterator[Database]:
    """Give a pool of connections to it."""
    database = Database(large[0])
    yield database
    await database.close()


TEXTS = [
    *("", "o", "ap", "zz", "-", "api", "service", "er-", "owner-1/", "stream-batch", "-77", "9999"),
    *("1/terraform", "nothing-like-it", "owner-0/ui", "deploy.ci"),
]


@pytest.mark.parametrize("text", TEXTS)
async def test_as_the_rule_says(database: Database, large: tuple[str, Tenants], text: str) -> None:
    """Common, rare and absent: the first pages, and a later one, are what a look at every name finds."""
    unit_of_work = PostgresUnitOfWork(database)
    for integration, names in large[1][:3]:
        for archived in (None, True):
            expected = sorted(
                name
                for place, name in enumerate(names)
                if is_found(text, name) and (archived is None or place % 10 == 0)
            )
            where = CatalogFilter(text, archived=archived)
            assert await _pages(unit_of_work, integration, where, 3) == expected[:60]
            if len(expected) > 300:
                after = CatalogPlace(expected[-21], RepoId("~"))
                assert await _pages(unit_of_work, integration, where, 1, after) == expected[-20:]


async def _pages(
    unit_of_work: UnitOfWork,
    integration: IntegrationId,
    where: CatalogFilter,
    count: int,
    after: CatalogPlace | None = None,
) -> list[str]:
    found: list[str] = []
    async with unit_of_work() as tx:
        for _ in range(count):
            rows = await tx.repositories.search(integration, where, limit=20, after=after)
            found += [row.full_name for row in rows]
            after = CatalogPlace(rows[-1].full_name, rows[-1].repo_id) if rows else after
    return found


_WALKED = {"git_repositories_name_idx": "Index Only Scan", "git_repositories_pkey": "Index Scan"}
_LOOKED_UP = {
    "git_repositories_search_grams_idx": "Bitmap Index Scan",
    "git_repositories_pkey": "Index Scan",
}
QUESTIONS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "a list": ("all", (), _WALKED),
    "a filtered list": ("all", ("private", "archived", "fork"), _WALKED),
    "a walk": ("next", ("anywhere",), _WALKED),
    "a walk for a short text": ("next", ("at_part",), _WALKED),
    "a text the index cannot tell": ("all", ("at_part",), _WALKED),
    "a look-up": ("candidates", ("anywhere", "archived"), _LOOKED_UP),
    "a look-up of a short text": ("candidates", ("at_part",), _LOOKED_UP),
}


@pytest.mark.parametrize(("source", "conditions", "expected"), QUESTIONS.values(), ids=list(QUESTIONS.keys()))
@pytest.mark.parametrize("tenant", [0, 1, 5], ids=["the largest", "a large one", "a small one"])
def test_no_question_reads_the_whole_table(
    large: tuple[str, Tenants],
    tenant: int,
    source: str,
    conditions: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    """Plans are from these indexes alone, for these values and for any, and for each tenant."""
    statement = repository_search.page(source, conditions)
    integration = large[1][tenant][0]
    parameters: dict[str, object] = {
        "integration": integration,
        "after_name": "",
        "after_id": "",
        "limit": 51,
        "anywhere": "terraform",
        "at_part": at_part("te"),
        "grams": array(sought_grams(integration, "terraform")),
        "private": True,
        "archived": False,
        "fork": False,
    }
    with psycopg.connect(large[0]) as connection:
        explained = f"EXPLAIN (FORMAT JSON) {statement}"
        [(plan,)] = connection.execute(explained.encode(), parameters)
        [(generic,)] = connection.execute(_of_any_values(explained).encode())
    assert dict(_scans(plan[0]["Plan"])) == expected
    assert dict(_scans(generic[0]["Plan"])) == expected


def _of_any_values(explained: str) -> str:
    """Explain what the server plans once it has prepared a statement and seen it a few times."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", explained)))
    for number, name in enumerate(names, start=1):
        explained = explained.replace(f"%({name})s", f"${number}")
    return explained.replace("(FORMAT JSON)", "(GENERIC_PLAN, FORMAT JSON)")


def _scans(plan: dict[str, object]) -> Iterator[tuple[str, str]]:
    kind = plan["Node Type"]
    assert isinstance(kind, str)
    if kind.endswith("Scan") and "Relation Name" in plan and "Index Name" not in plan:
        # A bitmap's rows are fetched from the table; anything else without an index reads all of it.
        assert kind == "Bitmap Heap Scan", plan
    if "Index Name" in plan:
        yield str(plan["Index Name"]), kind
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    for child in children:
        yield from _scans(child)
