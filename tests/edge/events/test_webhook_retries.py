"""Processing an organization's events again, over REST."""

from collections.abc import AsyncIterator

import pytest

from core.domain.events.event import EventResult, EventStatus
from tests.support.scenarios.edge import NOW, Client, WholeEdge, check_error
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


async def test_retries_an_event(event_store: EventStoreEdge, client: Client) -> None:
    """A failed or ignored event becomes due, and a worker is notified. A second request finds it pending."""
    for status in (EventStatus.FAILED, EventStatus.IGNORED):
        event = await event_store.event(status, reason="why")
        url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
        event_store.edge.bell.notified_lanes.clear()
        event_store.edge.bell.unanswered.clear()
        answer = await client.post(url, headers=event_store.edge.of("owner"))
        assert answer.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["reason"]) == ("pending", None)
        seen = await event_store.edge.world.get_event(event)
        assert (seen.status, seen.next_attempt_at) == (EventStatus.PENDING, NOW)
        assert event_store.edge.bell.notified_lanes == [event.lane]
        body = check_error(await client.post(url, headers=event_store.edge.of("owner")), 409, "event_not_retryable")
        assert "pending" in body["detail"]


async def test_retries_once_under_a_key(event_store: EventStoreEdge, client: Client) -> None:
    """A repeated request returns the same response, even if the event failed again."""
    event = await event_store.event(EventStatus.FAILED, reason="boom")
    url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    headers = event_store.edge.of("owner") | {"idempotency-key": "once"}
    first = await client.post(url, headers=headers)
    await event_store.edge.world.record_results(
        EventResult(event.id, EventStatus.FAILED, reason="boom", integration_id=event_store.integration.id)
    )
    again = await client.post(url, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await event_store.edge.world.get_event(event)).status is EventStatus.FAILED
    other = await event_store.event(EventStatus.FAILED)
    url = event_store.edge.path(f"{EVENTS}/{other.delivery_id}/retry")
    check_error(await client.post(url, headers=headers), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (EventStatus.PROCESSED, None, "event_not_retryable"),
        (EventStatus.PENDING, None, "event_not_retryable"),
        (EventStatus.IGNORED, "before_binding", "event_not_retryable"),
        (EventStatus.FAILED, "boom", "payload_expired"),
    ],
)
async def test_rejects_events_that_cannot_be_retried(
    event_store: EventStoreEdge, client: Client, status: EventStatus, reason: str | None, code: str
) -> None:
    """A retry would repeat effects, notify the wrong organization, or have no target."""
    event = await event_store.event(status, reason=reason)
    if code == "payload_expired":
        await event_store.edge.world.expire_payload(event)
    before = await event_store.edge.world.get_event(event)
    url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    check_error(await client.post(url, headers=event_store.edge.of("owner")), 409, code)
    assert (await event_store.edge.world.get_event(event), event_store.edge.bell.notified_lanes) == (before, [])


async def test_retries_by_filter_in_steps(event_store: EventStoreEdge, client: Client) -> None:
    """Each event once, newest first, in limited steps; events that cannot be retried are skipped."""
    events = [await event_store.event(EventStatus.FAILED, reason="boom") for _ in range(5)]
    await event_store.event(EventStatus.IGNORED, reason="before_binding")
    expired = await event_store.event(EventStatus.FAILED, reason="boom")
    await event_store.edge.world.expire_payload(expired)
    url = event_store.edge.path(f"{EVENTS}/retry")
    counts, cursor = [], ""
    while True:
        form = {"status": "failed", "limit": 2, "cursor": cursor}
        answer = await client.post(url, headers=event_store.edge.of("admin"), json=form)
        assert answer.status_code == 202, answer.text
        counts.append(answer.json()["retried"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
        # Failed again at once: it is not met a second time.
        pending = [one for one in events if (await event_store.edge.world.get_event(one)).status is EventStatus.PENDING]
        await event_store.edge.world.record_results(
            EventResult(pending[-1].id, EventStatus.FAILED, reason="boom", integration_id=event_store.integration.id)
        )
    assert counts == [2, 2, 1]
    assert (await event_store.edge.world.get_event(event_store.foreign)).status is EventStatus.FAILED
    none = await client.post(
        url, headers=event_store.edge.of("owner"), json={"status": "failed", "event": "star", "provider": "github"}
    )
    assert none.json() == {"retried": 0, "next_cursor": None, "matching": None, "sample": None}


async def test_dry_run_counts_without_a_change(event_store: EventStoreEdge, client: Client) -> None:
    """The events that a retry would queue, the newest ten of them, and none of another organization."""
    events = [await event_store.event(EventStatus.FAILED, reason="boom") for _ in range(12)]
    await event_store.event(EventStatus.IGNORED, reason="before_binding")
    await event_store.edge.world.expire_payload(await event_store.event(EventStatus.FAILED, reason="boom"))
    url = event_store.edge.path(f"{EVENTS}/retry")
    form = {"status": "failed", "dry_run": True}
    answer = await client.post(url, headers=event_store.edge.of("admin"), json=form)
    assert (answer.status_code, answer.json()["retried"], answer.json()["matching"]) == (200, 0, 12)
    newest = [event.delivery_id for event in events[:1:-1]]
    assert [one["id"] for one in answer.json()["sample"]] == newest
    assert (await event_store.edge.world.get_event(events[0])).status is EventStatus.FAILED
    assert event_store.edge.bell.notified_lanes == []
    ignored = await client.post(url, headers=event_store.edge.of("admin"), json={**form, "status": "ignored"})
    assert (ignored.json()["matching"], ignored.json()["sample"]) == (0, [])
    check_error(await client.post(url, headers=event_store.edge.of("member"), json=form), 403, "action_forbidden")


async def test_dry_run_of_one_event(event_store: EventStoreEdge, client: Client) -> None:
    """It returns the event as it is, or the reason why it cannot be retried."""
    failed, processed = await event_store.event(EventStatus.FAILED, reason="boom"), await event_store.event()
    headers = event_store.edge.of("owner")
    answer = await client.post(
        event_store.edge.path(f"{EVENTS}/{failed.delivery_id}/retry?dry_run=true"), headers=headers
    )
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (200, "failed", "boom")
    assert (await event_store.edge.world.get_event(failed)).status is EventStatus.FAILED
    refused = event_store.edge.path(f"{EVENTS}/{processed.delivery_id}/retry?dry_run=true")
    check_error(await client.post(refused, headers=headers), 409, "event_not_retryable")


async def test_retries_by_filter_once_under_a_key(event_store: EventStoreEdge, client: Client) -> None:
    """Another filter under the same key is rejected."""
    await event_store.event(EventStatus.FAILED)
    url, headers = event_store.edge.path(f"{EVENTS}/retry"), event_store.edge.of("owner") | {"idempotency-key": "k"}
    first = await client.post(url, headers=headers, json={"status": "failed"})
    await event_store.event(EventStatus.FAILED)
    again = await client.post(url, headers=headers, json={"status": "failed"})
    assert first.json() == again.json() == {"retried": 1, "next_cursor": None, "matching": None, "sample": None}
    assert again.headers["idempotent-replayed"] == "true"
    check_error(await client.post(url, headers=headers, json={"status": "ignored"}), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "status"),
        ({"status": "processed"}, "status"),
        ({"status": "failed", "limit": 1001}, "limit"),
        ({"status": "failed", "since": "2026-11-23T12:00:00"}, "since"),
        ({"status": "failed", "colour": 1}, "colour"),
    ],
)
async def test_names_invalid_fields(
    event_store: EventStoreEdge, client: Client, form: dict[str, object], field: str
) -> None:
    """A missing status does not mean all events."""
    url = event_store.edge.path(f"{EVENTS}/retry")
    answer = await client.post(url, headers=event_store.edge.of("owner"), json=form)
    assert check_error(answer, 400, "body_invalid")["errors"][0]["field"] == field


async def test_does_not_retry_events_of_another_integration(event_store: EventStoreEdge, client: Client) -> None:
    """Events of a disconnected integration stay readable, and are not processed for its successor."""
    event = await event_store.event(EventStatus.FAILED, reason="boom")
    headers = event_store.edge.of("owner")
    gone = await client.delete(event_store.edge.path("/git-integrations/github"), headers=headers)
    assert gone.status_code == 204
    await event_store.edge.world.add_integration(await event_store.edge.world.add_organization("Heir"))
    url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}")
    assert (await client.get(url, headers=headers)).status_code == 200
    check_error(await client.post(f"{url}/retry", headers=headers), 409, "event_not_retryable")
    answer = await client.post(event_store.edge.path(f"{EVENTS}/retry"), headers=headers, json={"status": "failed"})
    assert answer.json() == {"retried": 0, "next_cursor": None, "matching": None, "sample": None}
