"""The branches of a repository over REST."""

from collections.abc import AsyncIterator

import httpx
import pytest

from core.domain.catalog.branches import Branch
from core.domain.identifiers import RepoId
from core.domain.provider_errors import InstallationSuspended, ProviderUnavailable
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_edge import CatalogEdge

NOW = "2026-11-23T12:00:00Z"
SHA = "5c1e" * 10


@pytest.fixture
async def edge() -> CatalogEdge:
    """Give a repository with four branches."""
    edge = CatalogEdge()
    await edge.populate()
    await edge.connect(facts("1"))
    edge.catalog.provider.state.branches[RepoId("1")] = [
        Branch("feature/größe", SHA, None),
        Branch("hotfix", SHA, protected=False),
        Branch("main", SHA, protected=True),
        Branch("release-1", SHA, protected=True),
    ]
    return edge


@pytest.fixture
async def client(edge: CatalogEdge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client."""
    async with edge.client() as client:
        yield client


def path(edge: CatalogEdge, query: str = "") -> str:
    """Return the path of the repository's branches."""
    return edge.path(f"/github/repos/1/branches{query}")


async def test_lists_branches(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """The default branch first, then by name."""
    body = (await client.get(path(edge), headers=edge.of("viewer"))).json()

    assert body == {
        "data": [
            {"name": "main", "sha": SHA, "default": True, "protected": True},
            {"name": "feature/größe", "sha": SHA, "default": False, "protected": None},
            {"name": "hotfix", "sha": SHA, "default": False, "protected": False},
            {"name": "release-1", "sha": SHA, "default": False, "protected": True},
        ],
        "next_cursor": None,
        "fetched_at": NOW,
        "stale": False,
        "complete": True,
    }


async def test_searches_and_pages(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Names may contain anything that git allows."""
    body = (await client.get(path(edge, "?q=GRÖ"), headers=edge.of("viewer"))).json()
    assert [one["name"] for one in body["data"]] == ["feature/größe"]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = httpx.QueryParams({"limit": 1, "cursor": cursor})
        body = (await client.get(path(edge, f"?{query}"), headers=edge.of("viewer"))).json()
        seen += [one["name"] for one in body["data"]]
        cursor = body["next_cursor"]
    assert seen == ["main", "feature/größe", "hotfix", "release-1"]


async def test_returns_stale_branches_during_an_outage(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With a mark and the time. Without stored branches, the response has `Retry-After`."""
    await client.get(path(edge), headers=edge.of("viewer"))
    down = ProviderUnavailable("It does not answer.", retry_after=20)
    edge.catalog.provider.fail("*", down, times=None)
    edge.later(minutes=3)
    body = (await client.get(path(edge), headers=edge.of("viewer"))).json()
    assert (len(body["data"]), body["stale"], body["fetched_at"]) == (4, True, NOW)


async def test_without_stored_branches_an_outage_is_an_error(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With `Retry-After`."""
    down = ProviderUnavailable("It does not answer.", retry_after=20)
    edge.catalog.provider.fail("*", down, times=None)
    answer = await client.get(path(edge), headers=edge.of("viewer"))
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert answer.headers["retry-after"] == "20"


async def test_suspended_integration_is_a_conflict(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Its owner can resolve it, so it is not an outage."""
    edge.catalog.provider.fail("list_branches", InstallationSuspended("It is suspended."))
    answer = await client.get(path(edge), headers=edge.of("viewer"))
    assert (answer.status_code, answer.json()["code"]) == (409, "installation_suspended")


@pytest.mark.parametrize("query", ["?limit=0", "?archived=true", "?cursor=%C3%BC", "?cursor=W10"])
async def test_names_invalid_parameters(edge: CatalogEdge, client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(path(edge, query), headers=edge.of("viewer"))
    assert (answer.status_code, answer.json()["code"]) == (400, "query_invalid")
    field = query[1:].partition("=")[0]
    assert [error["field"] for error in answer.json()["errors"]] == [field]
