"""Projects over REST: listed, and made from repositories."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.domain.identifiers import RepoId
from tests.support.scenarios.edge import check_error
from tests.support.scenarios.projects import GADGETS, WIDGETS, ProjectsEdge, link

Client = httpx.AsyncClient
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture
async def edge() -> ProjectsEdge:
    """Give projects and repositories."""
    edge = ProjectsEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: ProjectsEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client


async def bring_in(
    edge: ProjectsEdge, client: Client, key: str | None = None, person: str = "member", **body: Any
) -> httpx.Response:
    """Import a repository."""
    headers = edge.of(person) | ({"idempotency-key": key} if key else {})
    sent = {"repo_id": WIDGETS, **body}
    return await client.post(edge.path("/projects/import"), json=sent, headers=headers)


async def names(edge: ProjectsEdge, client: Client, query: str = "") -> list[str]:
    """Return the names of a list's first page."""
    answer = await client.get(edge.path(f"/projects{query}"), headers=edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["data"]]


async def test_lists_projects(edge: ProjectsEdge, client: Client) -> None:
    """By name, each with its repository, without those of other organizations."""
    made = await link(edge, client, edge.project)
    answer = await client.get(edge.path("/projects"), headers=edge.of("viewer"))
    body = answer.json()
    assert body["next_cursor"] is None
    assert [one["name"] for one in body["data"]] == ["Launchpad", "Rocket"]
    first, second = body["data"]
    assert first == {
        "id": str(edge.second.external_id),
        "name": "Launchpad",
        "created_at": first["created_at"],
        "repository": None,
    }
    assert second["repository"] == made


async def test_shows_one_project(edge: ProjectsEdge, client: Client) -> None:
    """Like in the list, linked or not. A foreign project equals a missing one."""
    await link(edge, client, edge.project)
    listed = (await client.get(edge.path("/projects"), headers=edge.of("viewer"))).json()["data"]
    for one in listed:
        shown = await client.get(edge.path(f"/projects/{one['id']}"), headers=edge.of("viewer"))
        assert (shown.status_code, shown.json()) == (200, one)
    for organization_id in (edge.foreign.external_id, uuid4()):
        answer = await client.get(edge.path(f"/projects/{organization_id}"), headers=edge.of("owner"))
        check_error(answer, 404, "project_not_found")


async def test_lists_the_linked_projects_of_a_repository(edge: ProjectsEdge, client: Client) -> None:
    """On request, and for a single repository: the first three that were linked."""
    made = [await edge.world.add_project(edge.organization, name) for name in ("Zebra", "Antelope", "Okapi", "Gnu")]
    for project in made:
        await edge.world.add_link(project, edge.integration, repo_id=RepoId(WIDGETS))
    expected = [{"id": str(one.external_id), "name": one.name} for one in made[:3]]
    repositories = edge.path("/git-integrations/github/repos")
    for query, none in (("", None), ("?projects=true", [])):
        answer = await client.get(f"{repositories}{query}", headers=edge.of("viewer"))
        for one in answer.json()["data"]:
            assert one["projects"] == (expected if query and one["id"] == WIDGETS else none)
    for repo_id, projects in ((WIDGETS, expected), (GADGETS, [])):
        shown = await client.get(f"{repositories}/{repo_id}", headers=edge.of("viewer"))
        assert shown.json()["projects"] == projects


async def test_pages_through_projects(edge: ProjectsEdge, client: Client) -> None:
    """Each project appears once, while others are created."""
    for name in ("Apollo", "Gemini", "Mercury", "Vostok"):
        await edge.world.add_project(edge.organization, name)
    seen: list[str] = []
    cursor = ""
    while True:
        query = httpx.QueryParams({"limit": 2, "cursor": cursor})
        body = (await client.get(edge.path(f"/projects?{query}"), headers=edge.of("viewer"))).json()
        seen += [one["name"] for one in body["data"]]
        if body["next_cursor"] is None:
            break
        cursor = body["next_cursor"]
        await edge.world.add_project(edge.organization, "Aaa")
    assert seen == ["Apollo", "Gemini", "Launchpad", "Mercury", "Rocket", "Vostok"]


async def test_filters_by_link(edge: ProjectsEdge, client: Client) -> None:
    """To link a project, the user looks for those without a link."""
    await link(edge, client, edge.project)
    assert await names(edge, client, "?linked=true") == ["Rocket"]
    assert await names(edge, client, "?linked=false") == ["Launchpad"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("cursor=x", "cursor"), ("cursor=WzEsMl0", "cursor"), ("linked=", "linked"), ("q=a", "q")],
)
async def test_names_invalid_parameters(edge: ProjectsEdge, client: Client, query: str, field: str) -> None:
    answer = await client.get(edge.path(f"/projects?{query}"), headers=edge.of("viewer"))
    assert check_error(answer, 400, "query_invalid")["errors"][0]["field"] == field


async def test_imports_a_repository(edge: ProjectsEdge, client: Client) -> None:
    """Creates a linked project with the name of the repository. Both have versions."""
    answer = await bring_in(edge, client)
    made = answer.json()
    assert answer.status_code == 201
    assert (made["name"], made["created_at"]) == ("widgets", "2026-11-23T12:00:00Z")
    assert (made["repository"]["project_id"], made["repository"]["reachable"]) == (made["id"], True)
    shown = await client.get(answer.headers["location"], headers=edge.of("viewer"))
    assert shown.json() == made["repository"]
    assert await names(edge, client) == ["Launchpad", "Rocket", "widgets"]
    [fact] = await edge.list_domain_events()
    assert (fact.type.value, str(fact.project_id)) == ("git.link.created", made["id"])
    member = edge.people["member"].name
    [(event, actor, changes)] = await edge.steps("project", made["id"])
    assert (event, actor, changes["name"]) == ("created", member, [None, "widgets"])
    assert [step[:2] for step in await edge.steps("link", made["repository"]["id"])] == [("created", member)]


@pytest.mark.parametrize(
    ("name", "kept"), [("  Space \t Shop ", "Space Shop"), ("Gro\u0308ße 🚀", "Größe 🚀"), ("x" * 100, "x" * 100)]
)
async def test_accepts_a_chosen_name(edge: ProjectsEdge, client: Client, name: str, kept: str) -> None:
    """Normalized."""
    assert (await bring_in(edge, client, name=name)).json()["name"] == kept


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\u0007b", "a\u202eb", "\u200b"])
async def test_rejects_invalid_names(edge: ProjectsEdge, client: Client, name: str) -> None:
    """Invisible characters would make names look equal."""
    answer = await bring_in(edge, client, name=name)
    assert check_error(answer, 400, "project_name_invalid")["errors"][0]["field"] == "name"
    assert len(await names(edge, client)) == 2


async def test_rejects_a_duplicate_name(edge: ProjectsEdge, client: Client) -> None:
    """In this organization. Neither project nor link is created."""
    check_error(await bring_in(edge, client, name="Rocket"), 409, "project_name_taken")
    assert (await names(edge, client), await edge.list_domain_events()) == (["Launchpad", "Rocket"], [])
    assert (await bring_in(edge, client, name="Telescope")).status_code == 201
    assert (await bring_in(edge, client)).status_code == 201
    check_error(await bring_in(edge, client), 409, "project_name_taken")
    assert (await bring_in(edge, client, name="widgets 2")).status_code == 201


async def test_import_is_atomic(edge: ProjectsEdge, client: Client) -> None:
    """After a failed commit there is no project, link or key; the same request then succeeds."""
    edge.world.database.commits_to_lose = 1
    check_error(await bring_in(edge, client, KEY), 503, "storage_unavailable")
    assert (await names(edge, client), await edge.list_domain_events()) == (["Launchpad", "Rocket"], [])
    answer = await bring_in(edge, client, KEY)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)


async def test_repeats_the_response_for_an_idempotency_key(edge: ProjectsEdge, client: Client) -> None:
    """One project and one response, which is marked, even if the project changed meanwhile."""
    first = await bring_in(edge, client, KEY)
    assert "idempotent-replayed" not in first.headers
    await client.delete(first.headers["location"], headers=edge.of("member"))
    second = await bring_in(edge, client, KEY)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotent-replayed"] == "true"
    assert await names(edge, client) == ["Launchpad", "Rocket", "widgets"]


async def test_rejects_the_key_for_another_request(edge: ProjectsEdge, client: Client) -> None:
    """In this endpoint and in others."""
    await bring_in(edge, client, KEY)
    for body in ({"repo_id": GADGETS}, {"name": "other"}, {"settings": {"root_directory": "x"}}):
        check_error(await bring_in(edge, client, KEY, **body), 422, "idempotency_key_reused")
    headers = {**edge.of("member"), "idempotency-key": KEY}
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": WIDGETS}, headers=headers)
    check_error(answer, 422, "idempotency_key_reused")


async def test_keys_of_two_users_are_separate(edge: ProjectsEdge, client: Client) -> None:
    assert (await bring_in(edge, client, KEY)).status_code == 201
    assert (await bring_in(edge, client, KEY, "admin", name="other")).status_code == 201


async def test_repeated_request_needs_permission(edge: ProjectsEdge, client: Client) -> None:
    """The stored response is returned only to callers with permission."""
    await bring_in(edge, client, KEY)
    check_error(await bring_in(edge, client, KEY, "viewer"), 403, "action_forbidden")


async def test_does_not_store_errors_under_a_key(edge: ProjectsEdge, client: Client) -> None:
    """The next request may succeed."""
    check_error(await bring_in(edge, client, KEY, repo_id="404"), 404, "repository_not_found")
    assert (await bring_in(edge, client, KEY, name="other")).status_code == 201


async def test_links_once_under_a_key(edge: ProjectsEdge, client: Client) -> None:
    """The first response is repeated, although the link exists now."""
    headers = {**edge.of("member"), "idempotency-key": KEY}
    path = edge.repository_of(edge.project)
    first, second = [await client.post(path, json={"repo_id": WIDGETS}, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert second.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", [b"", b"x" * 256, "größe".encode(), b"\x07"])
async def test_rejects_an_invalid_key(edge: ProjectsEdge, client: Client, key: bytes) -> None:
    """The error describes a valid key."""
    for path in (edge.path("/projects/import"), edge.repository_of(edge.project)):
        headers = [*httpx.Headers(edge.of("member")).raw, (b"idempotency-key", key)]
        answer = await client.post(path, json={"repo_id": WIDGETS}, headers=headers)
        check_error(answer, 400, "idempotency_key_invalid")


async def test_rejects_two_keys(edge: ProjectsEdge, client: Client) -> None:
    headers = [*edge.of("member").items(), ("idempotency-key", "a"), ("idempotency-key", "a")]
    answer = await client.post(edge.path("/projects/import"), json={"repo_id": WIDGETS}, headers=headers)
    check_error(answer, 400, "idempotency_key_invalid")


async def test_limits_the_size_of_an_import(edge: ProjectsEdge, client: Client) -> None:
    """A body over the limit is rejected before it is read; another content type, too."""
    path = edge.path("/projects/import")
    check_error(await bring_in(edge, client, name="x" * 70_000), 413, "body_too_large")
    answer = await client.post(path, content="repo_id=1", headers=edge.of("member"))
    check_error(answer, 415, "unsupported_media_type")
    check_error(await client.get(path, headers=edge.of("member")), 405, "method_not_allowed")
