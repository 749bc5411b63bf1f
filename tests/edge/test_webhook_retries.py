"""Processing an organization's events again, over REST."""

from collections.abc import AsyncIterator

import pytest

from core.domain.events.event import EventResult, EventStatus
from tests.support.scenarios.edge import NOW, Client, WholeEdge, refused
from tests.support.scenarios.event_store_edge import EVENTS, LedgerEdge


@pytest.fixture
async def ledger() -> LedgerEdge:
    """Give a ledger in which another organization has an event."""
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


async def test_retry(ledger: LedgerEdge, client: Client) -> None:
    """What failed or was ignored is due again, and its lane is rung; a second click meets it pending."""
    for status in (EventStatus.FAILED, EventStatus.IGNORED):
        event = await ledger.event(status, reason="why")
        url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
        ledger.edge.bell.rung.clear()
        ledger.edge.bell.unanswered.clear()
        answer = await client.post(url, headers=ledger.edge.of("owner"))
        assert answer.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["reason"]) == ("pending", None)
        seen = await ledger.edge.world.seen(event)
        assert (seen.status, seen.next_attempt_at) == (EventStatus.PENDING, NOW)
        assert ledger.edge.bell.rung == [event.lane]
        body = refused(await client.post(url, headers=ledger.edge.of("owner")), 409, "event_not_retryable")
        assert "pending" in body["detail"]


async def test_retry_under_a_key_is_done_once(ledger: LedgerEdge, client: Client) -> None:
    """The same request again answers the same, though the event has failed again meanwhile."""
    event = await ledger.event(EventStatus.FAILED, reason="boom")
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    headers = ledger.edge.of("owner") | {"idempotency-key": "once"}
    first = await client.post(url, headers=headers)
    await ledger.edge.world.settle(
        EventResult(event.id, EventStatus.FAILED, reason="boom", integration_id=ledger.integration.id)
    )
    again = await client.post(url, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ledger.edge.world.seen(event)).status is EventStatus.FAILED
    other = await ledger.event(EventStatus.FAILED)
    url = ledger.edge.path(f"{EVENTS}/{other.delivery_id}/retry")
    refused(await client.post(url, headers=headers), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (EventStatus.PROCESSED, None, "event_not_retryable"),
        (EventStatus.PENDING, None, "event_not_retryable"),
        (EventStatus.IGNORED, "before_binding", "event_not_retryable"),
        (EventStatus.FAILED, "boom", "payload_expired"),
    ],
)
async def test_what_is_not_retried(
    ledger: LedgerEdge, client: Client, status: EventStatus, reason: str | None, code: str
) -> None:
    """It would act twice, tell the wrong people, or has nothing left to act upon."""
    event = await ledger.event(status, reason=reason)
    if code == "payload_expired":
        await ledger.edge.world.expire_payload(event)
    before = await ledger.edge.world.seen(event)
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    refused(await client.post(url, headers=ledger.edge.of("owner")), 409, code)
    assert (await ledger.edge.world.seen(event), ledger.edge.bell.rung) == (before, [])


async def test_retry_by_filter_in_steps(ledger: LedgerEdge, client: Client) -> None:
    """So many at a time, each once, newest first; what cannot be retried does not stand in the way."""
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
        pending = [one for one in events if (await ledger.edge.world.seen(one)).status is EventStatus.PENDING]
        await ledger.edge.world.settle(
            EventResult(pending[-1].id, EventStatus.FAILED, reason="boom", integration_id=ledger.integration.id)
        )
    assert counts == [2, 2, 1]
    assert (await ledger.edge.world.seen(ledger.foreign)).status is EventStatus.FAILED
    none = await client.post(
        url, headers=ledger.edge.of("owner"), json={"status": "failed", "event": "star", "provider": "github"}
    )
    assert none.json() == {"retried": 0, "next_cursor": None}


async def test_retry_by_filter_under_a_key(ledger: LedgerEdge, client: Client) -> None:
    """Done once; another filter under the same key is refused."""
    await ledger.event(EventStatus.FAILED)
    url, headers = ledger.edge.path(f"{EVENTS}/retry"), ledger.edge.of("owner") | {"idempotency-key": "k"}
    first = await client.post(url, headers=headers, json={"status": "failed"})
    await ledger.event(EventStatus.FAILED)
    again = await client.post(url, headers=headers, json={"status": "failed"})
    assert first.json() == again.json() == {"retried": 1, "next_cursor": None}
    assert again.headers["idempotent-replayed"] == "true"
    refused(await client.post(url, headers=headers, json={"status": "ignored"}), 422, "idempotency_key_reused")


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
async def test_bad_bodies_are_named(ledger: LedgerEdge, client: Client, form: dict[str, object], field: str) -> None:
    """Forgetting the status must not mean everything."""
    url = ledger.edge.path(f"{EVENTS}/retry")
    answer = await client.post(url, headers=ledger.edge.of("owner"), json=form)
    assert refused(answer, 400, "body_invalid")["errors"][0]["field"] == field


async def test_what_one_integration_was_told_no_other_is_told(ledger: LedgerEdge, client: Client) -> None:
    """Disconnected, its events can still be read, and are not processed for whoever has the account now."""
    event = await ledger.event(EventStatus.FAILED, reason="boom")
    headers = ledger.edge.of("owner")
    gone = await client.delete(ledger.edge.path("/git-integrations/github"), headers=headers)
    assert gone.status_code == 204
    await ledger.edge.world.integration(await ledger.edge.world.organization("Heir"))
    url = ledger.edge.path(f"{EVENTS}/{event.delivery_id}")
    assert (await client.get(url, headers=headers)).status_code == 200
    refused(await client.post(f"{url}/retry", headers=headers), 409, "event_not_retryable")
    answer = await client.post(ledger.edge.path(f"{EVENTS}/retry"), headers=headers, json={"status": "failed"})
    assert answer.json() == {"retried": 0, "next_cursor": None}
