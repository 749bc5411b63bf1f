"""Events of installations nobody has connected yet: kept, and routed once somebody has."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.connections import ConnectionStatus
from core.domain.events.event import EventStatus
from core.domain.identifiers import ProviderUserId
from core.domain.integrations.integration import IntegrationStatus
from core.domain.streams.domain_event import DomainEventType
from core.use_cases.deliveries.drain_lane import DrainResult
from tests.support.builders.domain import (
    CONNECTION,
    EVENT,
    INSTALLATION,
    INTEGRATION,
    LATER,
    LAUNCHPAD,
    LINK,
    NOW,
    ORGANIZATION,
    REPOSITORY,
    REQUEST,
    REVOKED,
)
from tests.support.scenarios.processing import Processing, payload, push

DISCONNECTED_BEFORE = replace(REVOKED, provider_id="40999999")


async def test_event_of_an_unknown_installation_is_not_decoded() -> None:
    """It waits."""
    processing = Processing()
    delivery = await processing.deliver("push", push())
    assert await processing.drain() is DrainResult.EMPTY
    event = processing.event(delivery)
    assert (event.status, event.integration_id) == (EventStatus.UNROUTED, None)
    assert processing.protocol.read_bodies == []
    assert processing.metrics.results == {EventStatus.UNROUTED: 1}


async def test_routes_events_after_the_connection() -> None:
    """In the order of arrival."""
    processing = Processing()
    deliveries = [await processing.deliver("push", push(number)) for number in range(3)]
    await processing.drain()
    processing.connect()
    assert await processing.requeue_due_events() == 1
    assert processing.bell.notified_lanes[-1] == EVENT.lane
    await processing.drain()
    assert [processing.event(one).status for one in deliveries] == [EventStatus.PROCESSED] * 3
    assert [fact.source_event_id for fact in processing.facts()] == [processing.event(one).id for one in deliveries]


async def test_ignores_events_older_than_three_days() -> None:
    """They belonged to a former owner and are ignored as `before_binding`."""
    processing = Processing()
    old = await processing.deliver("push", push(1))
    new = await processing.deliver("push", push(2))
    await processing.drain()
    processing.set_received_at(old, NOW - timedelta(hours=72, seconds=1))
    processing.set_received_at(new, NOW - timedelta(hours=72))
    processing.connect()
    await processing.requeue_due_events()
    await processing.drain()
    assert processing.event(old).status is EventStatus.IGNORED
    assert processing.event(old).error_message == "before_binding"
    assert processing.event(new).status is EventStatus.PROCESSED


async def test_matching_request_connects_and_routes_waiting_events() -> None:
    """In the same drain."""
    processing = Processing()
    processing.connect(DISCONNECTED_BEFORE)
    processing.ask_for_approval(REQUEST)
    early = await processing.deliver("push", push(1))
    await processing.drain()
    assert processing.event(early).status is EventStatus.UNROUTED
    created = await processing.deliver("installation", payload("installation/created-on-request"))
    await processing.drain()
    state = processing.database.committed
    bound = state.integrations[INTEGRATION.id]
    assert (bound.provider_id, bound.status) == (str(INSTALLATION), IntegrationStatus.ACTIVE)
    assert processing.event(created).verdicts[0].reason == "bound_to_pending_request"
    assert processing.event(early).status is EventStatus.PROCESSED
    assert [fact.type for fact in processing.facts()] == [DomainEventType.INTEGRATION_ACTIVATED, DomainEventType.PUSH]
    assert state.flows[REQUEST.flow_id].status.value == "completed"


async def test_publishes_events_after_the_connection_in_one_batch() -> None:
    processing = Processing()
    processing.connect(DISCONNECTED_BEFORE)
    processing.ask_for_approval(REQUEST)
    await processing.deliver("installation", payload("installation/created-on-request"))
    follower = await processing.deliver("push", push(1))
    assert await processing.drain() is DrainResult.EMPTY
    event = processing.event(follower)
    assert (event.status, event.integration_id, event.error_message) == (EventStatus.PROCESSED, INTEGRATION.id, None)
    assert [fact.type for fact in processing.facts()] == [DomainEventType.INTEGRATION_ACTIVATED, DomainEventType.PUSH]


async def test_new_organization_gets_a_new_integration() -> None:
    """With catalog and version."""
    processing = Processing()
    processing.connect()
    state = processing.database.committed
    state.integrations.clear()
    state.links.clear()
    state.repositories.clear()
    processing.ask_for_approval(REQUEST)
    await processing.deliver("installation", payload("installation/created-on-request"))
    await processing.drain()
    state = processing.database.committed
    (made,) = state.integrations.values()
    assert (made.organization_id, made.provider_id) == (ORGANIZATION, str(INSTALLATION))
    assert sorted(row.full_name for row in state.repositories.values()) == [
        "acme-rockets/guidance",
        "acme-rockets/launchpad",
    ]
    (version,) = state.versions.values()
    assert (version.event, version.item_type, version.actor) == ("created", "integration", "system:webhook")


@pytest.mark.parametrize(
    "request_made",
    [replace(REQUEST, requester_id=ProviderUserId("900000004")), replace(REQUEST, expires_at=NOW), None],
    ids=["another requester", "expired", "none"],
)
async def test_other_requests_do_not_connect(request_made: object) -> None:
    """Only a live request of this requester for this account."""
    processing = Processing()
    processing.connect(DISCONNECTED_BEFORE)
    if isinstance(request_made, type(REQUEST)):
        processing.ask_for_approval(request_made)
    created = await processing.deliver("installation", payload("installation/created-on-request"))
    await processing.drain()
    assert processing.event(created).status is EventStatus.UNROUTED
    assert processing.database.committed.integrations[INTEGRATION.id] == DISCONNECTED_BEFORE
    assert processing.facts() == []


async def test_connected_organization_is_not_connected_again() -> None:
    """The request stays open."""
    processing = Processing()
    processing.connect(replace(INTEGRATION, provider_id="40999999"))
    processing.ask_for_approval(REQUEST)
    created = await processing.deliver("installation", payload("installation/created-on-request"))
    await processing.drain()
    event = processing.event(created)
    assert (event.status, event.error_message) == (EventStatus.IGNORED, "organization_already_connected")
    assert event.integration_id is None
    assert processing.database.committed.flows[REQUEST.flow_id].status is REQUEST.status


async def test_revoked_authorization_revokes_the_connection() -> None:
    """The event has no installation and uses the first lane."""
    processing = Processing()
    processing.connect()
    processing.database.committed.connections[CONNECTION.id] = CONNECTION
    delivery = await processing.deliver("github_app_authorization", payload("github_app_authorization/revoked"))
    await processing.drain(0)
    assert processing.event(delivery).status is EventStatus.PROCESSED
    revoked = processing.database.committed.connections[CONNECTION.id]
    assert (revoked.status, revoked.provider_user_id) == (ConnectionStatus.REVOKED, CONNECTION.provider_user_id)
    (version,) = processing.database.committed.versions.values()
    assert version.changes["status"] == ["active", "revoked"]


async def test_removed_repository_makes_links_unreachable_until_it_returns() -> None:
    """Projects get both events."""
    processing = Processing()
    processing.connect(repositories=(REPOSITORY,))
    facts = {"id": int(LAUNCHPAD), "name": "launchpad", "full_name": "acme-rockets/launchpad", "private": True}
    for name, lists in [("removed", ("repositories_removed",)), ("added", ("repositories_added",))]:
        changed = payload(f"installation_repositories/{name}") | {lists[0]: [facts]}
        await processing.deliver("installation_repositories", changed)
    await processing.drain()
    assert [fact.type for fact in processing.facts() if fact.link_id] == [
        DomainEventType.LINK_UNREACHABLE,
        DomainEventType.LINK_RESTORED,
    ]
    assert processing.database.committed.links[LINK.id] == LINK
    assert processing.database.committed.repositories[INTEGRATION.id, LAUNCHPAD].removed_at is None
    assert LATER > NOW
