"""The attempts of a webhook event, over REST and gRPC."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.domain.events.event import INTERRUPTED, EventResult, EventStatus, Outcome, Verdict, WebhookEvent
from crewkit.git.v1 import integrations_pb2, webhook_events_pb2
from crewkit.git.v1.webhook_events_pb2_grpc import WebhookEventServiceStub
from tests.support.scenarios.edge import NOW, Client
from tests.support.scenarios.event_store_edge import EVENTS
from tests.support.scenarios.grpc_edge import GrpcEdge

_VERDICT = Verdict("link", Outcome.PROCESSED, "delivered", "link-1")


@pytest.fixture
async def edge() -> GrpcEdge:
    """Return an organization with an integration."""
    edge = GrpcEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: GrpcEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client


@pytest.fixture
async def event(edge: GrpcEdge, client: Client) -> WebhookEvent:
    """Return an event that failed and was retried twice: by the owner, and by a service for the admin."""
    event = await edge.world.add_event(source_key=edge.integration.provider_id, received_at=NOW)
    await end_attempt(edge, event, EventStatus.FAILED, reason="It broke.", error_code="boom")
    await retry(edge, client, event, edge.of("owner"))
    await end_attempt(edge, event, EventStatus.FAILED, reason="The process ended.", error_code=INTERRUPTED)
    admin = {"x-acting-user": str(edge.people["admin"].external_id)}
    await retry(edge, client, event, edge.service("git.admin", name="deployer") | admin)
    await end_attempt(edge, event, EventStatus.PROCESSED, verdicts=(_VERDICT,))
    return event


async def end_attempt(edge: GrpcEdge, event: WebhookEvent, status: EventStatus, **facts: Any) -> None:
    """Store how an attempt ended that started 1.5 seconds ago."""
    async with edge.world.unit_of_work() as tx:
        result = EventResult(event.id, status, integration_id=edge.integration.id, **facts)
        await tx.event_queue.record_results([result], started_at=edge.world.database.now() - timedelta(seconds=1.5))
        await tx.commit()


async def retry(edge: GrpcEdge, client: Client, event: WebhookEvent, headers: Mapping[str, str]) -> None:
    """Retry an event."""
    answer = await client.post(edge.path(f"{EVENTS}/{event.delivery_id}/retry"), headers=headers)
    assert answer.status_code == 202, answer.text


async def test_failed_event_retried_twice_shows_three_attempts(
    edge: GrpcEdge, client: Client, event: WebhookEvent
) -> None:
    """Who requested each of them, how long it took, its error and its verdicts."""
    answer = await client.get(edge.path(f"{EVENTS}/{event.delivery_id}"), headers=edge.of("viewer"))
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["attempt_history"]
    assert (first["number"], first["result"], first["error_code"]) == (1, "failed", "boom")
    assert (first["reason"], first["requested_by"], first["verdicts"]) == ("It broke.", None, [])
    assert 1500 <= first["duration_ms"] < 60_000
    assert first["started_at"] < first["ended_at"]
    assert (second["number"], second["result"], second["error_code"]) == (2, "interrupted", INTERRUPTED)
    owner = {"id": str(edge.people["owner"].external_id), "name": "owner@acme.example"}
    assert second["requested_by"] == {"kind": "user", "name": None, "user": owner, "delivery_id": None}
    admin = {"id": str(edge.people["admin"].external_id), "name": "admin@acme.example"}
    assert third["requested_by"] == {"kind": "service", "name": "deployer", "user": admin, "delivery_id": None}
    assert (third["number"], third["result"], third["error_code"]) == (3, "processed", None)
    [verdict] = third["verdicts"]
    assert (verdict["subject"], verdict["outcome"], verdict["reason"]) == ("link", "processed", "delivered")


async def test_waiting_retry_is_the_last_attempt(edge: GrpcEdge, client: Client) -> None:
    """It names its actor before it starts."""
    event = await edge.world.add_event(source_key=edge.integration.provider_id)
    await end_attempt(edge, event, EventStatus.FAILED, reason="It broke.", error_code="boom")
    await retry(edge, client, event, edge.of("owner"))
    answer = await client.get(edge.path(f"{EVENTS}/{event.delivery_id}"), headers=edge.of("viewer"))
    waiting = answer.json()["attempt_history"][1]
    assert (waiting["result"], waiting["started_at"], waiting["duration_ms"]) == ("pending", None, None)
    assert waiting["requested_by"]["user"]["name"] == "owner@acme.example"


async def test_grpc_returns_the_same_attempts(edge: GrpcEdge, event: WebhookEvent) -> None:
    """With the same requester, times and verdicts."""
    request = webhook_events_pb2.GetWebhookEventRequest(
        organization_id=str(edge.organization.external_id), event_id=event.delivery_id
    )
    async with edge.channel() as channel:
        answer = await WebhookEventServiceStub(channel).GetWebhookEvent(request, metadata=edge.call_as("viewer"))
    first, second, third = answer.attempt_history
    results = [webhook_events_pb2.WebhookEventAttemptResult.Name(attempt.result) for attempt in answer.attempt_history]
    prefix = "WEBHOOK_EVENT_ATTEMPT_RESULT_"
    assert results == [f"{prefix}FAILED", f"{prefix}INTERRUPTED", f"{prefix}PROCESSED"]
    assert (first.error_code, first.reason, first.HasField("requested_by")) == ("boom", "It broke.", False)
    assert first.duration.ToTimedelta() >= timedelta(seconds=1.5)
    assert second.requested_by.kind == integrations_pb2.ACTOR_KIND_USER
    assert second.requested_by.user_name == "owner@acme.example"
    assert (third.requested_by.name, third.requested_by.user_name) == ("deployer", "admin@acme.example")
    assert [verdict.reason for verdict in third.verdicts] == ["delivered"]


async def test_other_organization_reads_no_attempt(edge: GrpcEdge, client: Client, event: WebhookEvent) -> None:
    """The event does not exist for it."""
    answer = await client.get(edge.path(f"{EVENTS}/{event.delivery_id}", edge.other), headers=edge.of("outsider"))
    assert answer.status_code == 404


async def test_grpc_dry_run_changes_nothing(edge: GrpcEdge) -> None:
    """It counts the matching events; for one event, it returns the event as it is."""
    event = await edge.world.add_event(source_key=edge.integration.provider_id)
    await end_attempt(edge, event, EventStatus.FAILED, reason="It broke.")
    organization = str(edge.organization.external_id)
    failed = webhook_events_pb2.WEBHOOK_EVENT_STATUS_FAILED
    several = webhook_events_pb2.RetryWebhookEventsRequest(organization_id=organization, status=failed, dry_run=True)
    one = webhook_events_pb2.RetryWebhookEventRequest(
        organization_id=organization, event_id=event.delivery_id, dry_run=True
    )
    async with edge.channel() as channel:
        stub = WebhookEventServiceStub(channel)
        preview = await stub.RetryWebhookEvents(several, metadata=edge.call_as("owner"))
        checked = await stub.RetryWebhookEvent(one, metadata=edge.call_as("owner"))
    assert (preview.retried, preview.matching) == (0, 1)
    assert [sample.event_id for sample in preview.sample] == [event.delivery_id]
    assert checked.event.status == failed
    assert (await edge.world.get_event(event)).status is EventStatus.FAILED
