"""Activity and figures over REST."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.events.event import EventStatus
from testing.contracts.stores.event_scans import PULL, SUMMARY
from tests.support.scenarios.edge import Client, WholeEdge
from tests.support.scenarios.event_store_edge import EVENTS, EventStoreEdge


@pytest.fixture
async def event_store() -> EventStoreEdge:
    """Return webhook events of which one belongs to another organization."""
    edge = WholeEdge()
    await edge.populate()
    event_store = EventStoreEdge(edge)
    await event_store.populate()
    return event_store


@pytest.fixture
async def client(event_store: EventStoreEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with event_store.edge.client() as client:
        yield client


async def get(event_store: EventStoreEdge, client: Client, path: str) -> dict[str, Any]:
    """Return what a viewer gets."""
    response = await client.get(event_store.edge.path(path), headers=event_store.edge.of("viewer"))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_lists_pushes_and_pull_requests_that_reached_projects(
    event_store: EventStoreEdge, client: Client
) -> None:
    project_ids = (event_store.project.id,)
    push = await event_store.event(project_ids=project_ids, summary=SUMMARY)
    pull = await event_store.event(project_ids=project_ids, summary=PULL, event_type="pull_request", repo_id="2")
    later = await event_store.event(summary=replace(SUMMARY, ref="main", headline="Launch"))
    await event_store.event(EventStatus.IGNORED, summary=SUMMARY)
    await event_store.event(event_type="installation")
    project_id = event_store.project.external_id
    for query, expected in [
        ("", [later, pull, push]),
        ("?kind=push", [later, push]),
        ("?kind=pull_request", [pull]),
        ("?branch=feature/hold", [push]),
        ("?actor=JONAS", [pull]),
        ("?repo_id=2", [pull]),
        ("?q=hold", [pull, push]),
        (f"?project_id={project_id}", [pull, push]),
        (f"?project_id={project_id}&kind=push&branch=feature/hold&actor=mara", [push]),
    ]:
        page = await get(event_store, client, f"/activity{query}")
        assert [one["event_id"] for one in page["data"]] == [one.delivery_id for one in expected], query
    first = await get(event_store, client, "/activity?limit=2")
    second = await get(event_store, client, f"/activity?limit=2&cursor={first['next_cursor']}")
    assert [one["event_id"] for one in second["data"]] == [push.delivery_id]
    assert second["next_cursor"] is None
    assert second["data"][0]["summary"]["headline"] == "Fix the countdown"


async def test_figures_count_the_results_of_the_organization(event_store: EventStoreEdge, client: Client) -> None:
    for status in (EventStatus.PROCESSED, EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.FAILED):
        await event_store.event(status)
    assert len((await get(event_store, client, f"{EVENTS}/metrics"))["data"]) in (24, 25)
    # The tables have the time of the machine.
    now = datetime.now(UTC)
    since, until = ((now + timedelta(days=days)).isoformat().replace("+", "%2B") for days in (-2, 1))
    days = (await get(event_store, client, f"{EVENTS}/metrics?bucket=day&from={since}&to={until}"))["data"]
    figures = [[day[name] for name in ("total", "processed", "skipped", "failed")] for day in days]
    assert figures[0] == [0, 0, 0, 0]
    assert [sum(column) for column in zip(*figures, strict=True)] == [4, 2, 1, 1]
    assert days[0]["p50_ms"] is None


@pytest.mark.parametrize(
    "query", ["?from=2026-11-23T00:00:00Z&to=2026-11-23T00:00:00Z", "?from=2026-01-01T00:00:00Z", "?bucket=week"]
)
async def test_rejects_an_invalid_range(event_store: EventStoreEdge, client: Client, query: str) -> None:
    path = event_store.edge.path(f"{EVENTS}/metrics{query}")
    response = await client.get(path, headers=event_store.edge.of("viewer"))
    assert response.status_code in (400, 422), response.text
    assert response.json()["code"] in ("time_range_invalid", "query_invalid")


async def test_overview_shows_projects_counts_and_problems(event_store: EventStoreEdge, client: Client) -> None:
    await event_store.edge.world.add_link(event_store.project, event_store.integration, repo_id="1")
    overview = await get(event_store, client, "/overview")
    assert overview["counts"] == {"projects": 1, "linked": 1, "repositories": 0, "unreachable": 1}
    assert [one["name"] for one in overview["projects"]] == [event_store.project.name]
    assert [(one["provider"], one["status"]) for one in overview["integrations"]] == [("github", "active")]
    assert [(one["code"], one["count"]) for one in overview["problems"]] == [("projects_unreachable", 1)]
    outsider = await client.get(event_store.edge.path("/overview"), headers=event_store.edge.of("outsider"))
    assert outsider.status_code == 404
