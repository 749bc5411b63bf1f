"""The audit trail of retries and of payload views."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.domain.events.event import EventStatus, WebhookEvent
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


async def list_versions(event_store: EventStoreEdge, client: Client, item_type: str) -> list[dict[str, Any]]:
    """Return the versions of a type of item, newest first, as an admin sees them."""
    path = event_store.edge.path("/git-integrations/github/versions")
    answer = await client.get(path, headers=event_store.edge.of("admin"))
    assert answer.status_code == 200, answer.text
    return [version for version in answer.json()["data"] if version["item"]["type"] == item_type]


async def view(event_store: EventStoreEdge, client: Client, event: WebhookEvent, person: str) -> None:
    """Show an event to a person."""
    path = event_store.edge.path(f"{EVENTS}/{event.delivery_id}")
    assert (await client.get(path, headers=event_store.edge.of(person))).status_code == 200


async def test_retry_of_one_event_is_audited(event_store: EventStoreEdge, client: Client) -> None:
    """Once, also if the request is repeated under its key."""
    event = await event_store.event(EventStatus.FAILED, reason="boom")
    url = event_store.edge.path(f"{EVENTS}/{event.delivery_id}/retry")
    headers = event_store.edge.of("owner") | {"idempotency-key": "once"}
    for _ in range(2):
        assert (await client.post(url, headers=headers)).status_code == 202
    [version] = await list_versions(event_store, client, "webhook_event")
    assert (version["item"]["id"], version["event"]) == (event.delivery_id, "retried")
    assert version["changes"] == {"status": {"before": "failed", "after": "pending"}}
    assert version["actor"]["user"]["name"] == "owner@acme.example"


async def test_retry_of_several_events_is_one_version(event_store: EventStoreEdge, client: Client) -> None:
    """With the filter and the number; without events, there is no version."""
    url, headers = event_store.edge.path(f"{EVENTS}/retry"), event_store.edge.of("owner")
    assert (await client.post(url, headers=headers, json={"status": "ignored"})).json()["retried"] == 0
    for _ in range(3):
        await event_store.event(EventStatus.FAILED, reason="boom")
    body = {"status": "failed", "event": "push"}
    assert (await client.post(url, headers=headers, json=body)).json()["retried"] == 3
    [version] = await list_versions(event_store, client, "webhook_events")
    assert version["item"]["id"] == str(event_store.edge.organization.external_id)
    changes = {name: change["after"] for name, change in version["changes"].items()}
    assert changes == {"retried": 3, "status": "failed", "event_type": "push"}


async def test_payload_views_are_audited_once_per_hour(event_store: EventStoreEdge, client: Client) -> None:
    """For each person; without the payload, it is not a view."""
    event = await event_store.event()
    for person in ("owner", "owner", "member", "admin"):
        await view(event_store, client, event, person)
    versions = await list_versions(event_store, client, "webhook_event_payload")
    assert {version["item"]["id"] for version in versions} == {event.delivery_id}
    people = [version["actor"]["user"]["name"] for version in versions]
    assert people == ["admin@acme.example", "owner@acme.example"]
    assert {version["event"] for version in versions} == {"viewed"}


async def test_expired_payload_is_not_viewed(event_store: EventStoreEdge, client: Client) -> None:
    """There is nothing to view."""
    event = await event_store.event()
    await event_store.edge.world.expire_payload(event)
    await view(event_store, client, event, "owner")
    assert await list_versions(event_store, client, "webhook_event_payload") == []
