"""Lists and searches of a large catalog: answered right, and from indexes alone."""

import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import psycopg
import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.session import Parameters, Row, Session
from adapters.postgres.queries import repositories as repository_search
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.catalog.search import CatalogFilter, CatalogPosition, rank, search_order
from core.domain.identifiers import IntegrationId, RepoId
from tests.support.builders.large_catalog import fill
from tests.support.servers.servers import Servers, new_database

_SIZES = (40_000, 10_000, *[2_000] * 25)

_ORGANIZATION = "SELECT organization_id FROM git_integrations WHERE id = %s"

Plan = dict[str, Any]
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
async def test_search_equals_the_reference_implementation(
    database: Database, large: tuple[str, Tenants], text: str
) -> None:
    """Common, rare and missing terms: the first pages, and a later one."""
    for integration, names in large[1][:3]:
        for archived in (None, True):
            expected = sorted(
                (
                    name
                    for place, name in enumerate(names)
                    if (not text or rank(text, name, "")) and (archived is None or place % 10 == 0)
                ),
                key=lambda name: search_order(text, name, RepoId("")),
            )
            where = CatalogFilter(text, archived=archived)
            assert await _pages(database, integration, where, 3) == expected[:60]
            if len(expected) > 300:
                after = CatalogPosition(expected[-21], RepoId("~"))
                assert await _pages(database, integration, where, 1, after) == expected[-20:]


async def _pages(
    database: Database,
    integration: IntegrationId,
    where: CatalogFilter,
    count: int,
    after: CatalogPosition | None = None,
) -> list[str]:
    found: list[str] = []
    async with database.session() as session:
        [(organization,)] = await session.read(_ORGANIZATION, (integration,))
    async with PostgresUnitOfWork(database)() as tx:
        for _ in range(count):
            browsed = await tx.catalog.search_repositories(organization, "github", where, limit=20, after=after)
            assert browsed is not None
            integration_found, rows = browsed
            assert integration_found.id == integration
            found += [row.full_name for row in rows]
            after = CatalogPosition(rows[-1].full_name, rows[-1].repo_id) if rows else after
    return found


# The planner's statistics of the table: complete; filled, but not vacuumed yet; missing, as after a
# restore; and what was true when one organization had twenty repositories.
_STATISTICS = "'schemaname', 'public', 'relname', 'git_repositories', 'version', 180000"
_NOT_VACUUMED = f"SELECT pg_restore_relation_stats({_STATISTICS}, 'relallvisible', 0)"
_NO_SIZE = "SELECT pg_clear_relation_stats('public', 'git_repositories')"
_NO_VALUES = """
    SELECT pg_clear_attribute_stats('public', 'git_repositories', attname::text, false)
    FROM pg_attribute
    WHERE attrelid = 'git_repositories'::regclass AND attnum > 0 AND NOT attisdropped
"""
_SMALL = f"""
    SELECT pg_restore_relation_stats(
        {_STATISTICS}, 'relpages', 1, 'reltuples', 20::real, 'relallvisible', 0
    )
"""
_OF_ONE_TENANT = f"""
    SELECT pg_restore_attribute_stats(
        {_STATISTICS}, 'attname', 'git_integration_id', 'inherited', false, 'null_frac', 0::real, 'avg_width', 8,
        'n_distinct', 1::real, 'most_common_vals', %(largest)s::text, 'most_common_freqs', '{{1.0}}'::real[]
    )
"""
STATISTICS: dict[str, tuple[str, ...]] = {
    "fresh": (),
    "not vacuumed": (_NOT_VACUUMED,),
    "none": (_NO_SIZE, _NO_VALUES),
    "of long ago": (_SMALL, _OF_ONE_TENANT),
}


@pytest.fixture(params=list(STATISTICS.values()), ids=list(STATISTICS))
def plan_of(request: pytest.FixtureRequest, large: tuple[str, Tenants]) -> Iterator[None]:
    """Let the planner know no more than that."""
    url, tenants = large
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in request.param:
            connection.execute(statement, {"largest": f"{{{tenants[0][0]}}}"})
        yield
        connection.execute("VACUUM (ANALYZE) git_repositories")


class Explained(Session):
    """Keeps the plan of every statement: the one it was run by, and the one for any values."""

    def __init__(self, session: Session) -> None:
        super().__init__(session._connection)
        self.plans: list[Plan] = []
        self.blocks = 0

    async def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Explain it, then run it."""
        run = await self._explain(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        self.blocks += run["Shared Hit Blocks"] + run["Shared Read Blocks"]
        generic = await self._explain(_of_any_values(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}"))
        self.plans += [run, generic]
        return await super().read(statement, parameters)

    async def _explain(self, statement: str, parameters: Parameters | None = None) -> Plan:
        cursor = await self._connection.execute(statement.encode(), parameters, prepare=False)
        [(explained,)] = await cursor.fetchall()
        plan: Plan = explained[0]["Plan"]
        return plan


_INDEXES = {
    "git_repositories_name_idx",
    "git_repositories_key_idx",
    "git_repositories_search_grams_idx",
    "git_repositories_pkey",
}
# None, one letter, two, common, rare, absent, absent and short; and what a filter leaves.
TERMS = [
    *(CatalogFilter(text) for text in ("", "t", "te", "api", "terraform", "-1942", "nothing-like-it", "zz")),
    CatalogFilter("", private=True, archived=True, fork=False),
]
# Of 8 KB: a walk of 5,000 names, what the hashes find, and a page of rows. The table has 5,000.
_MOST_BLOCKS = 450


@pytest.mark.usefixtures("plan_of")
async def test_queries_use_indexes(database: Database, large: tuple[str, Tenants]) -> None:
    """First and later pages, for tenants of each size, with and without statistics."""
    for integration, names in (large[1][place] for place in (0, 1, 5)):
        middle = CatalogPosition(sorted(names)[len(names) // 2], RepoId(""))
        async with database.session() as session:
            [(organization,)] = await session.read(_ORGANIZATION, (integration,))
        for where, after in product(TERMS, (None, middle)):
            async with database.session() as session:
                explained = Explained(session)
                await repository_search.browse(explained, organization, "github", where, limit=51, after=after)
            label = f"{where} of {len(names)}, after {after}: {explained.plans}"
            assert {index for plan in explained.plans for index in _indexes(plan)} <= _INDEXES, label
            assert explained.blocks <= _MOST_BLOCKS, label


def _of_any_values(explained: str) -> str:
    """Explain what the server plans once it has prepared a statement and seen it a few times."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", explained)))
    for number, name in enumerate(names, start=1):
        explained = explained.replace(f"%({name})s", f"${number}")
    return explained


def _indexes(plan: Plan) -> Iterator[str]:
    kind = plan["Node Type"]
    if plan.get("Relation Name") == "git_integrations":
        return  # one row, by whatever the planner thinks of so small a table
    if kind.endswith("Scan") and "Relation Name" in plan and "Index Name" not in plan:
        # A bitmap's rows are fetched from the table; anything else without an index reads all of it.
        assert kind == "Bitmap Heap Scan", plan
    if "Index Name" in plan:
        # Names are walked along in their order, not gathered and sorted.
        assert (kind == "Bitmap Index Scan") == (plan["Index Name"] == "git_repositories_search_grams_idx"), plan
        yield plan["Index Name"]
    for child in plan.get("Plans", []):
        yield from _indexes(child)
