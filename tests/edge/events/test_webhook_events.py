"""Webhook events over REST: an organization lists and retries its events."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from core.domain.events.event import EventResult, EventStatus, Outcome, Verdict
from tests.support.scenarios.edge import NOW, Client, WholeEdge, check_error
from tests.support.scenarios.event_store_edge import BODY, EVENTS, UNKNOWN, EventStoreEdge


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


async def list_page(event_store: EventStoreEdge, client: Client, query: str = "") -> dict[str, Any]:
    """Return a page."""
    answer = await client.get(event_store.edge.path(f"{EVENTS}{query}"), headers=event_store.edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: dict[str, Any]) -> list[str]:
    """Return the ids on a page."""
    return [one["id"] for one in page["data"]]


async def test_lists_events(event_store: EventStoreEdge, client: Client) -> None:
    """Newest first, only those of the organization."""
    first = await event_store.event(EventStatus.IGNORED, reason="repository_not_linked")
    second = await event_store.event(EventStatus.PROCESSED, event_type="pull_request", action="opened")
    await event_store.edge.world.record_results(
        EventResult((await event_store.edge.world.add_event(source_key="3")).id, EventStatus.UNROUTED)
    )
    page = await list_page(event_store, client)
    assert ids(page) == [second.delivery_id, first.delivery_id]
    assert page["next_cursor"] is None
    assert page["data"][1] == {
        "id": first.delivery_id,
        "provider": "github",
        "event": "push",
        "action": None,
        "status": "ignored",
        "reason": "repository_not_linked",
        "source": "received",
        "repo_id": "1",
        "installation_id": "41000001",
        "attempts": 0,
        "next_attempt_at": None,
        "received_at": "2026-11-23T12:00:00Z",
        "processed_at": page["data"][1]["processed_at"],
        "payload_bytes": len(json.dumps(BODY, ensure_ascii=False).encode()),
        "verdict": None,
        "summary": page["data"][1]["summary"],
        "projects": [],
        "duration_ms": page["data"][1]["duration_ms"],
    }
    assert (page["data"][0]["event"], page["data"][0]["action"]) == ("pull_request", "opened")


async def test_filters_events(event_store: EventStoreEdge, client: Client) -> None:
    """Each filter, and all of them together."""
    old = await event_store.event(EventStatus.FAILED)
    event_store.edge.later(hours=2)
    event = await event_store.event(project_ids=(event_store.project.id,))
    star = await event_store.event(EventStatus.IGNORED, event_type="star")
    project, since = event_store.project.external_id, quote("2026-11-23T14:30:00+01:00")
    for query, expected in [
        ("?status=failed", [old]),
        ("?status=unrouted", []),
        ("?event=star", [star]),
        (f"?project_id={project}", [event]),
        (f"?project_id={uuid4()}", []),
        ("?provider=github", [star, event, old]),
        (f"?since={since}", [star, event]),
        (f"?since={since}&event=push&status=processed&project_id={project}&provider=github", [event]),
    ]:
        assert ids(await list_page(event_store, client, query)) == [one.delivery_id for one in expected], query


async def test_events_of_a_project_have_its_verdicts(event_store: EventStoreEdge, client: Client) -> None:
    """Without the verdicts for other projects of the same push."""
    project = event_store.project.external_id
    verdicts = (
        Verdict("link", Outcome.PROCESSED, "delivered", str(uuid4()), uuid4()),
        Verdict("link", Outcome.IGNORED, "webhooks_disabled", str(uuid4()), project),
    )
    await event_store.event(project_ids=(event_store.project.id,), verdicts=verdicts)
    await event_store.event(project_ids=(event_store.project.id,))
    [undecided, decided] = (await list_page(event_store, client, f"?project_id={project}"))["data"]
    assert undecided["verdict"] is None
    assert (decided["verdict"]["outcome"], decided["verdict"]["reason"]) == ("ignored", "webhooks_disabled")
    assert decided["verdict"]["project_id"] == str(project)
    assert [one["verdict"] for one in (await list_page(event_store, client))["data"]] == [None, None]


async def test_pages_stay_stable_while_events_arrive(event_store: EventStoreEdge, client: Client) -> None:
    """Each event appears once."""
    events = [await event_store.event() for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = await list_page(event_store, client, f"?limit=2&cursor={cursor}")
        seen += ids(page)
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
        await event_store.event()
    assert seen == [event.delivery_id for event in events[::-1]]


async def test_shows_one_event(event_store: EventStoreEdge, client: Client) -> None:
    """With verdicts and attempts, and for owners and admins the payload as JSON."""
    verdict = Verdict("link", Outcome.PROCESSED, "published", str(UUID(int=5)), event_store.project.external_id)
    event = await event_store.event(verdicts=(verdict,))
    url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}")
    shown = (await client.get(url, headers=event_store.edge.of("admin"))).json()
    assert (shown["id"], shown["payload"], shown["payload_absence"]) == (event.delivery_id, BODY, None)
    assert shown["verdicts"] == [
        {
            "subject": "link",
            "outcome": "processed",
            "reason": "published",
            "subject_id": str(UUID(int=5)),
            "project_id": str(event_store.project.external_id),
            "pattern": None,
            "value": None,
        }
    ]
    for headers in (event_store.edge.of("member"), event_store.edge.of("viewer"), event_store.edge.service("git.read")):
        answer = await client.get(url, headers=headers)
        assert "größe" not in answer.text
        assert (answer.json()["payload"], answer.json()["payload_absence"]) == (None, "not_permitted")
    both = await client.get(url, headers=event_store.edge.service("git.read", "git.admin"))
    assert both.json()["payload"] == BODY
    await event_store.edge.world.expire_payload(event)
    expired = (await client.get(url, headers=event_store.edge.of("owner"))).json()
    assert (expired["payload"], expired["payload_absence"]) == (None, "expired")


async def test_pending_event_has_the_time_of_its_next_attempt(event_store: EventStoreEdge, client: Client) -> None:
    event = await event_store.edge.world.add_event()
    at = NOW + timedelta(minutes=2)
    await event_store.edge.world.record_results(
        EventResult(
            event.id, EventStatus.PENDING, reason="boom", integration_id=event_store.integration.id, attempts=2,
            next_attempt_at=at,
        )
    )  # fmt: skip
    [shown] = (await list_page(event_store, client))["data"]
    assert (shown["status"], shown["attempts"], shown["next_attempt_at"], shown["reason"]) == (
        "pending",
        2,
        "2026-11-23T12:02:00Z",
        "boom",
    )


REQUESTS = [
    ("GET", EVENTS, None),
    ("GET", f"{EVENTS}/{UNKNOWN}", None),
    ("POST", f"{EVENTS}/{UNKNOWN}/retry", None),
    ("POST", f"{EVENTS}/retry", {"status": "failed"}),
]


@pytest.mark.parametrize(("method", "path", "form"), REQUESTS)
async def test_access_depends_on_the_role(
    event_store: EventStoreEdge, client: Client, method: str, path: str, form: object
) -> None:
    """Callers need a token, others get 404 for the organization, and owners and admins can retry."""
    url, edge = event_store.edge.path(path), event_store.edge
    check_error(await client.request(method, url, json=form), 401, "token_invalid")
    answers = []
    for address in (url, f"/api/v1/{uuid4()}{path}"):
        answer = await client.request(method, address, json=form, headers=edge.of("outsider"))
        answers.append({**check_error(answer, 404, "organization_not_found"), "request_id": ""})
    assert answers[0] == answers[1]
    for headers in (edge.of("member"), edge.of("viewer"), edge.service("git.read")):
        answer = await client.request(method, url, json=form, headers=headers)
        assert answer.status_code == (403 if method == "POST" else 404 if UNKNOWN in path else 200)
    if method == "POST":
        answer = await client.request(method, url, json=form, headers=edge.service("git.admin"))
        assert answer.status_code == (404 if UNKNOWN in path else 202)


@pytest.mark.parametrize("person", ["owner", "viewer"])
async def test_foreign_event_equals_a_missing_one(event_store: EventStoreEdge, client: Client, person: str) -> None:
    """Events without an organization, too."""
    unrouted = await event_store.edge.world.add_event(source_key="3")
    await event_store.edge.world.record_results(EventResult(unrouted.id, EventStatus.UNROUTED))
    for method, suffix in (("GET", ""), ("POST", "/retry")):
        answers = []
        for event_id in (event_store.foreign.delivery_id, unrouted.delivery_id, UNKNOWN, "x", "%C3%BC"):
            url = event_store.edge.path(f"{EVENTS}/{event_id}{suffix}")
            answer = await client.request(method, url, headers=event_store.edge.of(person))
            answers.append((answer.status_code, {**answer.json(), "request_id": ""}))
        assert answers == [answers[0]] * 5
        assert answers[0][0] == (403 if method == "POST" and person == "viewer" else 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("event=", "event"),
        ("project_id=1", "project_id"),
        ("since=yesterday", "since"),
        ("since=2026-11-23T12:00:00", "since"),
        ("since=2026-11-23T12:00:00+01:00", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("until=9999-12-31T23:59:59-14:00", "until"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=WzBd", "cursor"),
        ("delivery_id=1", "delivery_id"),
    ],
)
async def test_names_invalid_parameters(event_store: EventStoreEdge, client: Client, query: str, field: str) -> None:
    """With valid values."""
    answer = await client.get(event_store.edge.path(f"{EVENTS}?{query}"), headers=event_store.edge.of("viewer"))
    assert check_error(answer, 400, "query_invalid")["errors"][0]["field"] == field


async def test_unknown_provider_lists_the_known_ones(event_store: EventStoreEdge, client: Client) -> None:
    url = event_store.edge.path(f"{EVENTS}?provider=gitlab")
    check_error(await client.get(url, headers=event_store.edge.of("viewer")), 404, "provider_unknown")
    answer = await client.post(
        event_store.edge.path(f"{EVENTS}/retry"),
        headers=event_store.edge.of("owner"),
        json={"status": "failed", "provider": "gitlab"},
    )
    check_error(answer, 404, "provider_unknown")


async def test_retry_path_is_not_an_event_id(event_store: EventStoreEdge, client: Client) -> None:
    """The two similar paths have separate methods."""
    owner = event_store.edge.of("owner")
    answer = await client.get(event_store.edge.path(f"{EVENTS}/retry"), headers=owner)
    check_error(answer, 405, "method_not_allowed")
    assert "GET" not in answer.headers["allow"]
    for event_id in ("retrying", "retr"):
        answer = await client.get(event_store.edge.path(f"{EVENTS}/{event_id}"), headers=owner)
        check_error(answer, 404, "event_not_found")
