"""Looking at the ledger."""

import json

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.actors import SystemActor, UserActor
from core.domain.events.event import EventNotFound, EventStatus
from core.domain.identifiers import UserId
from core.domain.permissions import ActionForbidden
from core.use_cases.events.list_events import ListEvents, ShowEvent
from ports.events import EventFilter
from tests.support.domain import external
from tests.support.processing import Processing, payload, push

OPERATOR = SystemActor("cli")
PERSON = UserActor(UserId(1), external(1))


def shown_by(processing: Processing) -> ShowEvent:
    """Return the use case for one event."""
    return ShowEvent(processing.unit_of_work, OsoAuthorizer(), {"github": processing.protocol})


async def test_an_event_is_shown_with_what_it_led_to() -> None:
    """Envelope, verdicts, the facts told and the payload as JSON text."""
    processing = Processing()
    processing.connect()
    body = json.dumps(push()).encode()
    delivery = await processing.deliver("push", body)
    await processing.drain()
    details = await shown_by(processing)(OPERATOR, provider="github", delivery_id=delivery)
    assert (details.event, details.payload) == (processing.event(delivery), body)
    assert [fact.source_event_id for fact in details.domain_events] == [delivery]


async def test_an_event_outlives_its_payload() -> None:
    """Retention takes the bytes, not the verdicts."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", payload("push/branch"))
    await processing.drain()
    processing.expire_payload(delivery)
    details = await shown_by(processing)(OPERATOR, provider="github", delivery_id=delivery)
    assert (details.payload, details.event.status) == (None, EventStatus.PROCESSED)


async def test_an_unknown_event_is_not_found() -> None:
    """There is nothing to show."""
    with pytest.raises(EventNotFound):
        await shown_by(Processing())(OPERATOR, provider="github", delivery_id="absent")


async def test_events_are_listed_newest_first_in_pages() -> None:
    """A page ends where the next begins."""
    processing = Processing()
    deliveries = [await processing.deliver("push", push(number)) for number in range(5)]
    listing = ListEvents(processing.unit_of_work, OsoAuthorizer())
    first = await listing(OPERATOR, where=EventFilter(), limit=3)
    rest = await listing(OPERATOR, where=EventFilter(), limit=3, before=first[-1].event.id)
    assert [listed.event.delivery_id for listed in (*first, *rest)] == deliveries[::-1]


async def test_people_do_not_see_the_whole_ledger() -> None:
    """It holds every organization's deliveries."""
    processing = Processing()
    with pytest.raises(ActionForbidden):
        await ListEvents(processing.unit_of_work, OsoAuthorizer())(PERSON, where=EventFilter())
    with pytest.raises(ActionForbidden):
        await shown_by(processing)(PERSON, provider="github", delivery_id="any")
