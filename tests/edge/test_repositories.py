"""The repositories of an integration over REST."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from core.domain.provider_errors import ProviderUnavailable
from entrypoints.rest.http.requests import CURSOR_HINT
from testing.builders.entities import build_repository, time_ago
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_edge import CatalogEdge

NOW = "2026-11-23T12:00:00Z"
NAMES = ["acme/api-gateway", "acme/docs", "acme/Mobile.App", "acme/web_shop", "acme/widgets"]


@pytest.fixture
async def edge() -> CatalogEdge:
    """Give an organization with a catalog of five."""
    edge = CatalogEdge()
    await edge.populate()
    at = edge.catalog.clock.now()
    listed = [
        facts(
            str(number),
            name,
            url=f"https://provider.example/{name}",
            archived=name.endswith("docs"),
            private=not name.endswith("App"),
            description="What it is for",
            language="Go",
            pushed_at=at - timedelta(hours=1),
            updated_at=at - timedelta(hours=2),
        )
        for number, name in enumerate(NAMES, start=1)
    ]
    await edge.connect(*listed)
    return edge


@pytest.fixture
async def client(edge: CatalogEdge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client."""
    async with edge.client() as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check the form of a refusal and give its body."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, object] = answer.json()
    assert body["code"] == code
    return body


async def list_names(edge: CatalogEdge, client: httpx.AsyncClient, query: str = "") -> list[str]:
    """Return the names of a list's first page."""
    answer = await client.get(edge.path(f"/github/repos{query}"), headers=edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    return [one["full_name"] for one in answer.json()["data"]]


async def test_lists_repositories(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """By name, with all fields and the age of the catalog."""
    edge.later(minutes=10)
    answer = await client.get(edge.path("/github/repos"), headers=edge.of("viewer"))

    body = answer.json()
    assert [one["full_name"] for one in body["data"]] == NAMES
    assert body["data"][2] == {
        "id": "3",
        "full_name": "acme/Mobile.App",
        "owner": "acme",
        "name": "Mobile.App",
        "url": "https://provider.example/acme/Mobile.App",
        "private": False,
        "visibility": "public",
        "archived": False,
        "fork": False,
        "default_branch": "main",
        "description": "What it is for",
        "language": "Go",
        "topics": [],
        "pushed_at": "2026-11-23T11:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z",
        "projects": None,
    }
    assert body["next_cursor"] is None
    assert body["sync"] == {
        "state": "idle",
        "synced_at": NOW,
        "age_seconds": 600,
        "requested_at": None,
        "error": None,
        "retry_at": None,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=MOBILE", ["acme/Mobile.App"]),
        ("?q=%20shop%20", ["acme/web_shop"]),
        ("?q=w", ["acme/web_shop", "acme/widgets"]),
        ("?q=ap", ["acme/api-gateway", "acme/Mobile.App"]),
        ("?q=acme/w", ["acme/web_shop", "acme/widgets"]),
        ("?q=nothing", []),
        ("?q=", NAMES),
        ("?archived=true", ["acme/docs"]),
        ("?archived=false&private=true&fork=false&q=w", ["acme/web_shop", "acme/widgets"]),
        ("?private=false", ["acme/Mobile.App"]),
        ("?fork=true", []),
    ],
)
async def test_searches_and_filters(edge: CatalogEdge, client: httpx.AsyncClient, query: str, names: list[str]) -> None:
    """Owner and name; terms of one or two characters match the start of a word."""
    assert await list_names(edge, client, query) == names


async def test_pages_through_repositories(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Each repository appears once, while others come and go."""
    url, seen = edge.path("/github/repos"), []
    cursor = ""
    while True:
        query = httpx.QueryParams({"limit": 2, "cursor": cursor})
        body = (await client.get(f"{url}?{query}", headers=edge.of("viewer"))).json()
        seen += [one["full_name"] for one in body["data"]]
        if body["next_cursor"] is None:
            break
        cursor = body["next_cursor"]
        await edge.catalog.save(build_repository(edge.integration, "0", full_name="acme/aaa"))
    assert seen == NAMES


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "Pass an integer from 1 to 100."),
        ("limit=101", "limit", "Pass an integer from 1 to 100."),
        ("limit=ten", "limit", "Pass an integer from 1 to 100."),
        ("limit=1&limit=2", "limit", "This name is repeated. Send it once."),
        ("archived=perhaps", "archived", "Pass true or false."),
        ("private=null", "private", "Pass true or false."),
        ("refresh=", "refresh", "Pass true or false."),
        (f"q={'x' * 257}", "q", "Pass a text of at most 256 characters."),
        ("cursor=x", "cursor", CURSOR_HINT),
        ("cursor=%00", "cursor", CURSOR_HINT),
        ("cursor=WzEsMl0", "cursor", CURSOR_HINT),
        ("page=2", "page", "Unknown parameter. Remove it."),
        ("`%20-%20at%20`$.x`=2", "` - at `$.x`", "Unknown parameter. Remove it."),
    ],
)
async def test_names_invalid_parameters(
    edge: CatalogEdge, client: httpx.AsyncClient, query: str, field: str, message: str
) -> None:
    """With valid values."""
    answer = await client.get(edge.path(f"/github/repos?{query}"), headers=edge.of("viewer"))
    body = problem(answer, 400, "query_invalid")
    assert body["errors"] == [{"field": field, "message": message}]


async def test_shows_one_repository(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """By the provider's id."""
    answer = await client.get(edge.path("/github/repos/4"), headers=edge.of("viewer"))

    body = answer.json()
    assert (body["id"], body["full_name"], body["sync"]["state"]) == ("4", "acme/web_shop", "idle")


@pytest.mark.parametrize("repo_id", ["77", "404", "x", "4%20", "%00"])
async def test_repository_outside_the_catalog_is_not_found(
    edge: CatalogEdge, client: httpx.AsyncClient, repo_id: str
) -> None:
    """Repositories of other organizations equal missing ones, with and without branches."""
    await edge.catalog.connect(facts("77", private=False), provider_id="2")
    for path in (f"/github/repos/{repo_id}", f"/github/repos/{repo_id}/branches"):
        answer = await client.get(edge.path(path), headers=edge.of("owner"))
        body = problem(answer, 404, "repository_not_found")
        assert (
            body["detail"] == "The integration has no access to this repository. Check the id, or give the app access "
            "to the repository."
        )


async def test_removed_repository_is_not_shown(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Its row stays."""
    await edge.catalog.save(build_repository(edge.integration, "4", removed_at=time_ago(minutes=1)))
    problem(await client.get(edge.path("/github/repos/4"), headers=edge.of("viewer")), 404, "repository_not_found")
    assert "acme/web_shop" not in await list_names(edge, client)


async def test_lists_during_an_outage_of_the_provider(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With its age, the reason, and the time of the next attempt."""
    edge.catalog.provider.fail("*", ProviderUnavailable("It does not answer."), times=None)
    edge.later(minutes=5)
    await client.get(edge.path("/github/repos?refresh=true"), headers=edge.of("member"))
    await edge.catalog.sync_due()
    body = (await client.get(edge.path("/github/repos"), headers=edge.of("viewer"))).json()

    assert len(body["data"]) == 5
    assert body["sync"] == {
        "state": "failed",
        "synced_at": NOW,
        "age_seconds": 300,
        "requested_at": None,
        "error": "provider_unavailable",
        "retry_at": "2026-11-23T12:06:00Z",
    }


async def test_refreshes_a_list(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Requests a sync and returns the present list; viewers cannot request it."""
    edge.later(minutes=1)
    url = edge.path("/github/repos?refresh=true")
    body = (await client.get(url, headers=edge.of("member"))).json()
    assert (body["sync"]["state"], len(body["data"])) == ("requested", 5)
    problem(await client.get(url, headers=edge.of("viewer")), 403, "action_forbidden")


async def test_requests_a_sync(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """202 with the present age; too soon after the last sync, the time of the next."""
    url = edge.path("/github/sync")
    edge.later(seconds=30)
    answer = await client.post(url, headers=edge.of("member"))
    problem(answer, 429, "sync_cooling_down")
    assert answer.headers["retry-after"] == "30"
    edge.later(seconds=30)
    answer = await client.post(url, headers=edge.of("member"))
    assert answer.status_code == 202
    assert answer.json() == {
        "state": "requested",
        "synced_at": NOW,
        "age_seconds": 60,
        "requested_at": "2026-11-23T12:01:00Z",
        "error": None,
        "retry_at": None,
    }
    problem(await client.post(url, headers=edge.of("viewer")), 403, "action_forbidden")
    assert (await client.post(url, headers=edge.service("git.link"))).status_code == 202


async def test_rejects_a_sync_without_an_integration(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """The error names the remedy."""
    await client.delete(edge.path("/github"), headers=edge.of("owner"))
    for method, path in (("POST", "/github/sync"), ("GET", "/github/repos"), ("GET", "/github/repos/1")):
        answer = await client.request(method, edge.path(path), headers=edge.of("owner"))
        body = problem(answer, 409, "integration_not_active")
        assert "Connect it again" in str(body["detail"])
