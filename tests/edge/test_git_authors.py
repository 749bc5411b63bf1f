"""The authors of commits and their assignments, over REST and gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.domain.attribution.attribution import UNKNOWN, Attribution, Role
from core.domain.attribution.git_authors import to_author_key
from core.domain.identifiers import RepoId
from core.domain.provider_events import Author
from core.domain.streams.domain_event import CommitsClaimedData
from testing.builders.entities import time_ago
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_edge import CatalogEdge

TOMAS = "tomas@home.example"
KEY = to_author_key(TOMAS)
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def edge() -> CatalogEdge:
    """Give an organization with two commits of an address without a user."""
    edge = CatalogEdge()
    await edge.populate()
    integration = await edge.connect(facts("1"))
    async with edge.catalog.world.unit_of_work() as tx:
        await tx.attributions.add(
            [
                Attribution(
                    integration.id,
                    RepoId("1"),
                    sha,
                    Role.AUTHOR,
                    TOMAS,
                    Author("Tomás", TOMAS, "tomas"),
                    UNKNOWN,
                    time_ago(days=1),
                )
                for sha in ("a", "b")
            ]
        )
        await tx.commit()
    return edge


@pytest.fixture
async def client(edge: CatalogEdge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client."""
    async with edge.client() as client:
        yield client


async def call(edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str, **options: Any) -> httpx.Response:
    """Call as an admin, or with other headers."""
    headers = options.pop("headers", None) or edge.of("admin")
    url = f"/api/v1/{edge.organization.external_id}/{path}"
    return await client.request(method, url, headers=headers, **options)


async def assign(edge: CatalogEdge, client: httpx.AsyncClient, body: dict[str, Any], **options: Any) -> httpx.Response:
    """Assign the address."""
    return await call(edge, client, "PUT", f"git-authors/{KEY}/assignment", json=body, **options)


async def list_authors(edge: CatalogEdge, client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Return the first page, as a viewer sees it."""
    answer = await call(edge, client, "GET", f"git-authors{query}", headers=edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_lists_authors(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With the key for an assignment."""
    [author] = await list_authors(edge, client)
    assert author == {
        "key": KEY,
        "status": "unmatched",
        "method": "unknown",
        "name": "Tomás",
        "username": "tomas",
        "emails": [{"key": KEY, "email": TOMAS, "is_assigned": False}],
        "user": None,
        "commits": 2,
        "last_committed_at": author["last_committed_at"],
        "last_recorded_at": author["last_recorded_at"],
        "projects": [],
        "suggestions": [],
    }
    for query, count in (("unmatched", 1), ("matched", 0), ("bots", 0), ("ignored", 0)):
        assert len(await list_authors(edge, client, f"?status={query}")) == count
    assert len(await list_authors(edge, client, "?q=TOM")) == 1
    assert await list_authors(edge, client, "?since=2126-01-01T00:00:00Z") == []


async def test_assigns_and_restores(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """All commits follow at once, with a version and a domain event; a repeated request changes nothing."""
    member = edge.people["member"]
    before = (await call(edge, client, "GET", "git-attributions")).json()
    body = {"user_id": str(member.external_id)}
    first = await assign(edge, client, body)
    assert first.status_code == 200, first.text
    assert first.json() == {
        "key": KEY,
        "email": TOMAS,
        "kind": "user",
        "user_id": str(member.external_id),
        "assigned_at": first.json()["assigned_at"],
    }
    assert (await assign(edge, client, body)).json() == first.json()
    [author] = await list_authors(edge, client)
    assert (author["status"], author["method"], author["user"]["id"]) == ("matched", "assigned", body["user_id"])
    commits = (await call(edge, client, "GET", "git-attributions?status=matched")).json()["data"]
    assert [(one["sha"], one["method"]) for one in commits] == [("b", "assigned"), ("a", "assigned")]
    world = edge.catalog.world
    async with world.unit_of_work() as tx:
        assignment = await tx.git_authors.find_assignment(edge.organization.id, TOMAS)
        events = [recorded.data for recorded in await tx.domain_events.list_after(0, limit=100)]
    claimed = [data for data in events if isinstance(data, CommitsClaimedData)]
    assert claimed == [CommitsClaimedData(member.external_id, 2)]
    for _ in range(2):
        deleted = await call(edge, client, "DELETE", f"git-authors/{KEY}/assignment")
        assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await call(edge, client, "GET", "git-attributions")).json() == before
    assert assignment is not None
    async with world.unit_of_work() as tx:
        created, deleted_version = await tx.versions.list_by_item("author_assignment", str(assignment.external_id))
    assert (created.event, deleted_version.event) == ("created", "deleted")
    assert created.public_changes()["assignee"] == (None, body["user_id"])
    assert created.actor == f"user:{edge.people['admin'].external_id}"


@pytest.mark.parametrize(("kind", "status"), [("bot", "bots"), ("ignored", "ignored")])
async def test_marks_bots_and_ignored(edge: CatalogEdge, client: httpx.AsyncClient, kind: str, status: str) -> None:
    answer = await assign(edge, client, {"kind": kind})
    assert (answer.status_code, answer.json()["user_id"]) == (200, None)
    [author] = await list_authors(edge, client, f"?status={status}")
    assert (author["method"], author["emails"][0]["is_assigned"]) == ("assigned", True)
    assert await list_authors(edge, client, "?status=unmatched") == []


async def test_two_at_once_leave_one_assignment(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Both succeed, and the later one stays."""
    answers = await asyncio.gather(*(assign(edge, client, {"kind": kind}) for kind in ("bot", "ignored", "bot")))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(await list_authors(edge, client)) == 1
    async with edge.catalog.world.unit_of_work() as tx:
        assignment = await tx.git_authors.find_assignment(edge.organization.id, TOMAS)
        assert assignment is not None
        versions = await tx.versions.list_by_item("author_assignment", str(assignment.external_id))
    first, *others = [version.event for version in versions]
    assert first == "created"
    assert set(others) <= {"updated"}


async def test_only_owners_and_admins_assign(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """And services with the scope."""
    for headers, status in (
        (edge.of("owner"), 200),
        (edge.of("admin"), 200),
        (edge.service("git.admin"), 200),
        (edge.of("member"), 403),
        (edge.of("viewer"), 403),
        (edge.service("git.read"), 403),
        (edge.of("outsider"), 404),
    ):
        assert (await assign(edge, client, {"kind": "bot"}, headers=headers)).status_code == status
        path = f"git-authors/{KEY}/assignment"
        assert (await call(edge, client, "DELETE", path, headers=headers)).status_code == (
            204 if status == 200 else status
        )


@pytest.mark.parametrize("key", [to_author_key("other@zenith.example"), "!", "AA", "x" * 1000, "_w"])
async def test_unknown_keys_are_missing(edge: CatalogEdge, client: httpx.AsyncClient, key: str) -> None:
    """A key of another organization, or no key at all."""
    integration = await edge.catalog.world.add_integration(
        await edge.catalog.world.add_organization("Zenith"), provider_id="77"
    )
    foreign = Attribution(
        integration.id, RepoId("1"), "z", Role.AUTHOR, "other@zenith.example", Author("O"), UNKNOWN, None
    )
    async with edge.catalog.world.unit_of_work() as tx:
        await tx.attributions.add([foreign])
        await tx.commit()
    path = f"git-authors/{key}/assignment"
    for method, options in (("PUT", {"json": {"kind": "bot"}}), ("DELETE", {})):
        answer = await call(edge, client, method, path, **options)
        assert (answer.status_code, answer.json()["code"]) == (404, "git_author_not_found")


async def test_assignee_must_be_a_member(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """A user of another organization answers like an unknown user."""
    outsider = str(edge.people["outsider"].external_id)
    texts = set()
    for user_id in (outsider, NOBODY):
        answer = await assign(edge, client, {"user_id": user_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "assignee_not_found")
        texts.add(answer.json()["detail"])
    assert len(texts) == 1


@pytest.mark.parametrize("body", [{}, {"kind": "user"}, {"kind": "bot", "user_id": NOBODY}, {"user_id": "x"}, {"x": 1}])
async def test_rejects_invalid_bodies(edge: CatalogEdge, client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await assign(edge, client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "body_invalid")
