"""What webhook events say, over REST."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from core.domain.events.event import EventStatus, Outcome, Verdict
from testing.contracts.stores.event_scans import PULL, SUMMARY
from tests.support.builders.webhooks import ROOT
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


async def list_events(event_store: EventStoreEdge, client: Client, role: str, query: str = "") -> list[dict[str, Any]]:
    """Return a page as a user with this role sees it."""
    response = await client.get(event_store.edge.path(f"{EVENTS}{query}"), headers=event_store.edge.of(role))
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json()["data"]
    return data


async def test_lists_and_shows_what_happened_and_to_which_projects(event_store: EventStoreEdge, client: Client) -> None:
    project = event_store.project
    verdict = Verdict("link", Outcome.PROCESSED, "delivered", str(uuid4()), project.external_id)
    event = await event_store.event(project_ids=(project.id,), verdicts=(verdict,), summary=SUMMARY)
    [listed] = await list_events(event_store, client, "viewer")
    assert listed["summary"] == {
        "kind": "push",
        "headline": "Fix the countdown",
        "ref_type": "branch",
        "branch": "feature/hold",
        "tag": None,
        "sha": SUMMARY.sha,
        "commits": 2,
        "forced": True,
        "created": False,
        "deleted": False,
        "url": SUMMARY.url,
        "compare_url": None,
        "pull_request": None,
        "actor": {
            "id": "7",
            "login": "Mara",
            "avatar_url": "https://provider.example/avatars/7",
            "url": "https://provider.example/Mara",
        },
        "repository": {"id": "1", "full_name": "acme/widgets", "url": None},
    }
    assert listed["projects"] == [
        {"id": str(project.external_id), "name": project.name, "outcome": "processed", "reason": "delivered"}
    ]
    assert isinstance(listed["duration_ms"], int)
    path = event_store.edge.path(f"{EVENTS}/{event.delivery_id}")
    shown = (await client.get(path, headers=event_store.edge.of("viewer"))).json()
    assert {name: shown[name] for name in ("summary", "projects", "duration_ms")} == {
        name: listed[name] for name in ("summary", "projects", "duration_ms")
    }


async def test_content_of_an_unlinked_repository_needs_the_right_to_read_payloads(
    event_store: EventStoreEdge, client: Client
) -> None:
    """Neither the list nor a search shows a viewer the message; both show it to an owner."""
    await event_store.event(EventStatus.IGNORED, reason="repository_not_linked", summary=SUMMARY)
    await event_store.event(EventStatus.IGNORED, reason="repository_not_linked", summary=PULL)
    pull, push = await list_events(event_store, client, "viewer")
    for listed, kind in ((pull, "pull_request"), (push, "push")):
        assert listed["summary"]["kind"] == kind
        assert listed["summary"]["actor"]["login"]
        content = ("headline", "branch", "sha", "url", "compare_url", "pull_request")
        assert {name: listed["summary"][name] for name in content} == dict.fromkeys(content)
    assert push["summary"]["repository"]["full_name"] == "acme/widgets"
    assert await list_events(event_store, client, "viewer", "?q=countdown") == []
    assert [one["id"] for one in await list_events(event_store, client, "owner", "?q=countdown")] == [push["id"]]
    assert (await list_events(event_store, client, "owner"))[1]["summary"]["headline"] == SUMMARY.headline


async def test_event_without_a_stored_summary_gets_that_of_its_payload(
    event_store: EventStoreEdge, client: Client
) -> None:
    """An unreadable payload has none."""
    world = event_store.edge.world
    readable = await event_store.event(body=(ROOT / "deploy/demo/payloads/push/branch.json").read_bytes())
    await event_store.event(body=json.dumps({"ref": 7, "installation": {"id": 1}}).encode())
    unreadable, listed = await list_events(event_store, client, "owner")
    assert (listed["id"], listed["summary"]["kind"]) == (readable.delivery_id, "push")
    assert listed["summary"]["headline"]
    assert unreadable["summary"] is None
    assert (await world.get_event(readable)).summary is None


async def test_failed_event_names_the_projects_of_its_repository(event_store: EventStoreEdge, client: Client) -> None:
    await event_store.edge.world.add_link(event_store.project, event_store.integration, repo_id="1")
    await event_store.event(EventStatus.FAILED)
    [listed] = await list_events(event_store, client, "viewer", f"?project_id={event_store.project.external_id}")
    assert listed["projects"] == [
        {"id": str(event_store.project.external_id), "name": event_store.project.name, "outcome": None, "reason": None}
    ]


async def test_finds_events(event_store: EventStoreEdge, client: Client) -> None:
    """By what was typed, by repository and by time; never those of another organization."""
    project_ids = (event_store.project.id,)
    push = await event_store.event(project_ids=project_ids, summary=SUMMARY)
    event_store.edge.later(hours=2)
    pull = await event_store.event(project_ids=project_ids, summary=PULL, repo_id="2")
    other = await event_store.edge.world.add_integration(event_store.edge.other, provider_id="3", provider="gitlab")
    await event_store.event(of=other, source_key="3", summary=replace(SUMMARY, headline="Foreign countdown"))
    for query, expected in [
        ("?q=countdown", [push]),
        ("?q=abcdef01", [push]),
        ("?q=%2312", [pull]),
        (f"?q={push.delivery_id}", [push]),
        (f"?q={event_store.foreign.delivery_id}", []),
        ("?q=%20", [pull, push]),
        ("?repo_id=2", [pull]),
        ("?until=2026-11-23T13:00:00Z", [push]),
    ]:
        found = await list_events(event_store, client, "viewer", query)
        assert [one["id"] for one in found] == [one.delivery_id for one in expected], query
