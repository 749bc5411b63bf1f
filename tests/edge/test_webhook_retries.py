"""Processing an organization's events again, over REST."""

from collections.abc import AsyncIterator

import pytest

from core.domain.events.event import EventResult, EventStatus
from tests.support.scenarios.edge import NOW, Client, WholeEdge, check_error
from tests.support.scenarios.event_store_edge import EVENTS, LedgerEdge


@pytest.fixture
async def ledger() -> LedgerEdge:
    """Return webhook events of which one belongs to another organization."""
    edge = WholeEdge()
    await edge.populate()
    ledger = LedgerEdge(edge)
    await ledger.populate()
    return ledger


@pytest.fixture
async def client(ledger: LedgerEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with ledger.edge.client() as client:
        yield client


async def test_retries_an_event(ledger: LedgerEdge, client: Client) -> None:
    """A failed or ignored event becomes due, and a worker is notified. A second request finds it pending."""
    for status in (EventStatus.FAILED, EventStatus.IGNORED):
        event = await ledger.event(status, reason="why")
        url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
        ledger.edge.bell.rung.clear()
        ledger.edge.bell.unanswered.clear()
        answer = await client.post(url, headers=ledger.edge.of("owner"))
        assert answer.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["reason"]) == ("pending", None)
        seen = await ledger.edge.world.get_event(event)
        assert (seen.status, seen.next_attempt_at) == (EventStatus.PENDING, NOW)
        assert ledger.edge.bell.rung == [event.lane]
        body = check_error(await client.post(url, headers=ledger.edge.of("owner")), 409, "event_not_retryable")
        assert "pending" in body["detail"]


async def test_retries_once_under_a_key(ledger: LedgerEdge, client: Client) -> None:
    """A repeated request returns the same response, even if the event failed again."""
    event = await ledger.event(EventStatus.FAILED, reason="boom")
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    headers = ledger.edge.of("owner") | {"idempotency-key": "once"}
    first = await client.post(url, headers=headers)
    await ledger.edge.world.record_results(
        EventResult(event.id, EventStatus.FAILED, reason="boom", integration_id=ledger.integration.id)
    )
    again = await client.post(url, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ledger.edge.world.get_event(event)).status is EventStatus.FAILED
    other = await ledger.event(EventStatus.FAILED)
    url = ledger.edge.path(f"{EVENTS}/{other.delivery_id}/retry")
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
    ledger: LedgerEdge, client: Client, status: EventStatus, reason: str | None, code: str
) -> None:
    """A retry would repeat effects, notify the wrong organization, or have no target."""
    event = await ledger.event(status, reason=reason)
    if code == "payload_expired":
        await ledger.edge.world.expire_payload(event)
    before = await ledger.edge.world.get_event(event)
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    check_error(await client.post(url, headers=ledger.edge.of("owner")), 409, code)
    assert (await ledger.edge.world.get_event(event), ledger.edge.bell.rung) == (before, [])


async def test_retries_by_filter_in_steps(ledger: LedgerEdge, client: Client) -> None:
    """Each event once, newest first, in limited steps; events that cannot be retried are skipped."""
    events = [await ledger.event(EventStatus.FAILED, reason="boom") for _ in range(5)]
    await ledger.event(EventStatus.IGNORED, reason="before_binding")
    expired = await ledger.event(EventStatus.FAILED, reason="boom")
    await ledger.edge.world.expire_payload(expired)
    url = ledger.edge.path(f"{EVENTS}/retry")
    counts, cursor = [], ""
    while True:
        form = {"status": "failed", "limit": 2, "cursor": cursor}
        answer = await client.post(url, headers=ledger.edge.of("admin"), json=form)
        assert answer.status_code == 202, answer.text
        counts.append(answer.json()["retried"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
        # Failed again at once: it is not met a second time.
        pending = [one for one in events if (await ledger.edge.world.get_event(one)).status is EventStatus.PENDING]
        await ledger.edge.world.record_results(
            EventResult(pending[-1].id, EventStatus.FAILED, reason="boom", integration_id=ledger.integration.id)
        )
    assert counts == [2, 2, 1]
    assert (await ledger.edge.world.get_event(ledger.foreign)).status is EventStatus.FAILED
    none = await client.post(
        url, headers=ledger.edge.of("owner"), json={"status": "failed", "event": "star", "provider": "github"}
    )
    assert none.json() == {"retried": 0, "next_cursor": None}


async def test_retries_by_filter_once_under_a_key(ledger: LedgerEdge, client: Client) -> None:
    """Another filter under the same key is rejected."""
    await ledger.event(EventStatus.FAILED)
    url, headers = ledger.edge.path(f"{EVENTS}/retry"), ledger.edge.of("owner") | {"idempotency-key": "k"}
    first = await client.post(url, headers=headers, json={"status": "failed"})
    await ledger.event(EventStatus.FAILED)
    again = await client.post(url, headers=headers, json={"status": "failed"})
    assert first.json() == again.json() == {"retried": 1, "next_cursor": None}
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
async def test_names_invalid_fields(ledger: LedgerEdge, client: Client, form: dict[str, object], field: str) -> None:
    """A missing status does not mean all events."""
    url = ledger.edge.path(f"{EVENTS}/retry")
    answer = await client.post(url, headers=ledger.edge.of("owner"), json=form)
    assert check_error(answer, 400, "body_invalid")["errors"][0]["field"] == field


async def test_does_not_retry_events_of_another_integration(ledger: LedgerEdge, client: Client) -> None:
    """Events of a disconnected integration stay readable, and are not processed for its successor."""
    event = await ledger.event(EventStatus.FAILED, reason="boom")
    headers = ledger.edge.of("owner")
    gone = await client.delete(ledger.edge.path("/git-integrations/github"), headers=headers)
    assert gone.status_code == 204
    await ledger.edge.world.add_integration(await ledger.edge.world.add_organization("Heir"))
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}")
    assert (await client.get(url, headers=headers)).status_code == 200
    check_error(await client.post(f"{url}/retry", headers=headers), 409, "event_not_retryable")
    answer = await client.post(ledger.edge.path(f"{EVENTS}/retry"), headers=headers, json={"status": "failed"})
    assert answer.json() == {"retried": 0, "next_cursor": None}
