"""Lists and details of webhook events."""

import json
from datetime import timedelta

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.actors import SystemActor, UserActor
from core.domain.events.event import EventNotFound, EventStatus
from core.domain.identifiers import UserId
from core.domain.permissions import ActionForbidden
from core.use_cases.authorization import AccessControl
from core.use_cases.events.describe_events import DescribeEvents
from core.use_cases.events.list_events import ListEvents
from core.use_cases.events.scope import ALL_ORGANIZATIONS
from core.use_cases.events.show_event import ShowEvent, ShowPayload
from ports.events import EventFilter
from testing.memory.database import MemoryDatabase
from testing.memory.directory import MemoryDirectory
from tests.support.builders.domain import ORGANIZATION, external
from tests.support.scenarios.processing import Processing, payload, push

OPERATOR = SystemActor("cli")
ACCESS_CONTROL = AccessControl(MemoryDirectory(MemoryDatabase()), OsoAuthorizer(), {"github"})
PERSON = UserActor(UserId(1), external(1))


def described_by(processing: Processing) -> DescribeEvents:
    """Return what adds summaries to events."""
    return DescribeEvents({"github": processing.protocol}, {})


def shown_by(processing: Processing) -> ShowEvent:
    """Return the use case for one event."""
    return ShowEvent(
        processing.unit_of_work,
        ACCESS_CONTROL,
        {"github": processing.protocol},
        processing.clock,
        described_by(processing),
    )


def list_of(processing: Processing) -> ListEvents:
    """Return the use case for many events."""
    return ListEvents(processing.unit_of_work, ACCESS_CONTROL, described_by(processing))


async def test_shows_an_event_with_its_results() -> None:
    """Envelope, verdicts, domain events and the payload as JSON text."""
    processing = Processing()
    processing.connect()
    body = json.dumps(push()).encode()
    delivery = await processing.deliver("push", body)
    await processing.drain()
    details = await shown_by(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github", with_results=True)
    assert (details.event, details.payload) == (processing.event(delivery), body)
    assert [fact.source_event_id for fact in details.domain_events] == [delivery]


async def test_event_outlives_its_payload() -> None:
    """Retention deletes the bytes, not the verdicts."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", payload("push/branch"))
    await processing.drain()
    processing.expire_payload(delivery)
    details = await shown_by(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github", with_results=True)
    assert (details.payload, details.event.status) == (None, EventStatus.PROCESSED)


async def test_unknown_event_is_not_found() -> None:
    with pytest.raises(EventNotFound):
        await shown_by(Processing())(OPERATOR, ALL_ORGANIZATIONS, "absent", provider="github")


async def test_lists_events_newest_first_in_pages() -> None:
    """A page ends where the next begins."""
    processing = Processing()
    deliveries = [await processing.deliver("push", push(number)) for number in range(5)]
    listing = list_of(processing)
    first = await listing(OPERATOR, ALL_ORGANIZATIONS, where=EventFilter(), limit=3)
    rest = await listing(OPERATOR, ALL_ORGANIZATIONS, where=EventFilter(), limit=3, before=first.next)
    assert [event.delivery_id for event in (*first.events, *rest.events)] == deliveries[::-1]
    assert rest.next is None


async def test_users_cannot_list_events_of_all_organizations() -> None:
    processing = Processing()
    with pytest.raises(ActionForbidden):
        await list_of(processing)(PERSON, ALL_ORGANIZATIONS, where=EventFilter())
    with pytest.raises(ActionForbidden):
        await shown_by(processing)(PERSON, ALL_ORGANIZATIONS, "any", provider="github")


async def test_view_by_operator_is_in_the_trail_of_the_organization() -> None:
    """Again after an hour; an event without an organization is in no trail of an organization."""
    processing = Processing()
    processing.connect()
    routed = await processing.deliver("push", push())
    unrouted = await processing.deliver("push", push() | {"installation": {"id": 2}})
    await processing.drain()
    show = shown_by(processing)
    payload_of = ShowPayload(show.unit_of_work, show.access_control, show.protocols, show.clock)
    for delivery in (routed, unrouted):
        await show(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github")
        await payload_of(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github")
    async with processing.unit_of_work() as tx:
        [version] = await tx.versions.list_by_organization(ORGANIZATION, "github", limit=10)
        assert len(await tx.versions.list_by_item("webhook_event_payload", unrouted)) == 1
    assert (version.item_type, version.item_id, version.event) == ("webhook_event_payload", routed, "viewed")
    assert version.actor == "system:cli"
    processing.clock.advance(timedelta(hours=1, seconds=1))
    await show(OPERATOR, ALL_ORGANIZATIONS, routed, provider="github")
    async with processing.unit_of_work() as tx:
        assert len(await tx.versions.list_by_item("webhook_event_payload", routed)) == 2
