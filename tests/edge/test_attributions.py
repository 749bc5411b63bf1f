"""Whose commits are, over REST."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.domain.attribution.attribution import BOT, UNKNOWN, Attribution, Identity, Kind, Match, Method, Role
from core.domain.identifiers import RepoId
from core.domain.organizations import User
from core.domain.provider_events import Author
from testing.builders.entities import time_ago
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_edge import CatalogEdge


@pytest.fixture
async def edge() -> CatalogEdge:
    """Give an organization with six commits: of a member, of nobody and of a bot, twice each."""
    edge = CatalogEdge()
    await edge.populate()
    integration = await edge.connect(facts("1"), facts("2"))
    member = edge.people["member"]
    user = Identity(member.user_id, member.external_id, time_ago(days=1), frozenset({edge.organization.id}))
    matches = [Match(Kind.USER, Method.VERIFIED_ADDRESS, user), UNKNOWN, BOT]
    async with edge.catalog.world.unit_of_work() as tx:
        await tx.attributions.add(
            [
                Attribution(
                    integration.id,
                    RepoId(repo_id),
                    f"{repo_id}{number}",
                    Role.AUTHOR,
                    "priya@acme.example",
                    Author("Priya", "Priya@acme.example", "priya"),
                    match,
                    time_ago(days=1),
                )
                for repo_id in ("1", "2")
                for number, match in enumerate(matches)
            ]
        )
        await tx.commit()
    return edge


@pytest.fixture
async def client(edge: CatalogEdge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client."""
    async with edge.client() as client:
        yield client


def path(edge: CatalogEdge, query: str = "") -> str:
    """Return the list's path."""
    return f"/api/v1/{edge.organization.external_id}/git-attributions{query}"


async def list_attributions(edge: CatalogEdge, client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Return a first page as a viewer sees it."""
    answer = await client.get(path(edge, query), headers=edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_lists_attributions(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """The latest first, each with its user or the reason for a missing user."""
    found = await list_attributions(edge, client)
    assert [one["sha"] for one in found] == ["22", "21", "20", "12", "11", "10"]
    member = edge.people["member"]
    assert found[2] == {
        "provider": "github",
        "repo_id": "2",
        "repo_full_name": "acme/repository-2",
        "sha": "20",
        "role": "author",
        "name": "Priya",
        "email": "priya@acme.example",
        "username": "priya",
        "status": "matched",
        "method": "verified_address",
        "user": {"id": str(member.external_id), "name": found[2]["user"]["name"]},
        "committed_at": found[2]["committed_at"],
        "recorded_at": found[2]["recorded_at"],
    }
    assert [(one["status"], one["method"], one["user"]) for one in found[:2]] == [
        ("bot", "bot", None),
        ("unmatched", "unknown", None),
    ]


@pytest.mark.parametrize(
    ("status", "shas"), [("matched", ["20", "10"]), ("unmatched", ["21", "11"]), ("bot", ["22", "12"])]
)
async def test_filters_by_status(edge: CatalogEdge, client: httpx.AsyncClient, status: str, shas: list[str]) -> None:
    """Matched users, unmatched authors, and bots."""
    assert [one["sha"] for one in await list_attributions(edge, client, f"?status={status}")] == shas


async def test_filters_by_project(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """A project of another organization has no attributions."""
    world = edge.catalog.world
    project = await world.add_project(edge.organization)
    await world.add_link(project, edge.integration, repo_id=RepoId("1"))
    here = await list_attributions(edge, client, f"?project_id={project.external_id}&status=matched")
    assert [one["sha"] for one in here] == ["10"]
    elsewhere = await world.add_project(await world.add_organization("Zenith"))
    for unknown in (elsewhere.external_id, "00000000-0000-4000-8000-000000000000"):
        assert await list_attributions(edge, client, f"?project_id={unknown}") == []


async def test_pages_through_attributions(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Each page has the cursor of the next page; the last page has none."""
    shas: list[str] = []
    cursor = ""
    for _ in range(3):
        answer = await client.get(path(edge, f"?limit=2{cursor}"), headers=edge.of("member"))
        shas += [one["sha"] for one in answer.json()["data"]]
        cursor = f"&cursor={answer.json()['next_cursor']}"
    assert shas == ["22", "21", "20", "12", "11", "10"]
    assert cursor == "&cursor=None"


@pytest.mark.parametrize("query", ["?status=maybe", "?project_id=7", "?limit=0", "?cursor=x", "?cursor=LTE", "?who=me"])
async def test_rejects_invalid_parameters(edge: CatalogEdge, client: httpx.AsyncClient, query: str) -> None:
    """The error names the parameter."""
    answer = await client.get(path(edge, query), headers=edge.of("viewer"))
    assert (answer.status_code, answer.json()["code"]) == (400, "query_invalid")
    assert answer.json()["errors"][0]["field"] == query[1:].partition("=")[0]


async def test_only_members_and_services_can_read(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Other callers get 404 for the organization."""
    for headers, status in (
        (edge.of("viewer"), 200),
        (edge.service("git.read"), 200),
        (edge.service("git.events"), 403),
        (edge.of("outsider"), 404),
        ({}, 401),
    ):
        assert (await client.get(path(edge), headers=headers)).status_code == status


async def test_does_not_name_a_user_who_left(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """From the next request."""
    member = edge.people["member"]
    user = User(member.user_id, member.external_id, "priya@acme.example")
    await edge.catalog.world.remove_member(user, edge.organization)
    found = await list_attributions(edge, client)
    assert {one["user"] for one in found if one["sha"] in ("10", "20")} == {None}
    assert {one["method"] for one in found if one["sha"] in ("10", "20")} == {"not_a_member"}
    assert await list_attributions(edge, client, "?status=matched") == []
