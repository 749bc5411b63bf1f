"""Processing events again at a person's word."""

from dataclasses import replace

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.errors import ErrorKind
from core.domain.events.event import EventNotFound, EventNotRetryable, EventStatus
from core.domain.idempotency import IdempotencyKey
from core.domain.identifiers import UserId
from core.domain.permissions import ActionForbidden
from core.use_cases.authorization import AccessControl
from core.use_cases.events.retry_events import RetryEvent, RetryEvents
from core.use_cases.events.scope import ALL_ORGANIZATIONS
from ports.events import EventFilter
from testing.memory.database import MemoryDatabase
from testing.memory.directory import MemoryDirectory
from tests.support.builders.domain import EVENT, INTEGRATION, LINK, NOW, ORGANIZATION, external
from tests.support.scenarios.processing import Processing, push

OPERATOR = SystemActor("cli")
ACCESS_CONTROL = AccessControl(MemoryDirectory(MemoryDatabase()), OsoAuthorizer(), {"github"})
BROKEN = b'{"installation":{"id":41000001},"ref":5}'


def retry_of(processing: Processing) -> RetryEvent:
    """Return the use case for one event."""
    return RetryEvent(processing.unit_of_work, ACCESS_CONTROL, processing.bell, processing.clock)


def retries_of(processing: Processing) -> RetryEvents:
    """Return the use case for many events."""
    return RetryEvents(processing.unit_of_work, ACCESS_CONTROL, processing.bell, processing.clock)


async def settled(processing: Processing, status: EventStatus) -> str:
    """Receive and process one event that ends with this status."""
    match status:
        case EventStatus.FAILED:
            delivery = await processing.deliver("push", BROKEN)
        case EventStatus.IGNORED:
            delivery = await processing.deliver("star", {"installation": {"id": 41000001}})
        case EventStatus.UNROUTED:
            delivery = await processing.deliver("push", push() | {"installation": {"id": 2}})
        case _:
            delivery = await processing.deliver("push", push())
    await processing.drain(processing.event(delivery).lane)
    assert processing.event(delivery).status is status
    processing.bell.notified_lanes.clear()
    return delivery


@pytest.mark.parametrize("status", [EventStatus.FAILED, EventStatus.IGNORED, EventStatus.UNROUTED])
async def test_retries_events_without_effects(status: EventStatus) -> None:
    """Pending and due, with its attempts, and a worker is notified."""
    processing = Processing()
    processing.connect()
    delivery = await settled(processing, status)
    await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github")
    event = processing.event(delivery)
    assert (event.status, event.attempts, event.next_attempt_at) == (EventStatus.PENDING, 0, NOW)
    assert processing.bell.notified_lanes == [event.lane]


async def test_retried_event_uses_the_present_state() -> None:
    """For example after linking the repository."""
    processing = Processing()
    processing.connect(links=())
    delivery = await processing.deliver("push", push())
    await processing.drain()
    assert processing.event(delivery).error_message == "repository_not_linked"
    processing.connect()
    await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github")
    await processing.drain()
    assert processing.event(delivery).status is EventStatus.PROCESSED
    assert [fact.link_id for fact in processing.facts()] == [LINK.id]


@pytest.mark.parametrize("is_drained", [True, False], ids=["processed", "pending"])
async def test_rejects_processed_and_pending_events(*, is_drained: bool) -> None:
    """The error has the status, and nothing changes."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    if is_drained:
        await processing.drain()
    before, processing.bell.notified_lanes = processing.event(delivery), []
    with pytest.raises(EventNotRetryable) as error:
        await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github")
    assert before.status.value in error.value.message
    assert (error.value.kind, error.value.code) == (ErrorKind.ABORTED, "event_not_retryable")
    assert (processing.event(delivery), processing.bell.notified_lanes) == (before, [])


async def test_unknown_delivery_is_not_found() -> None:
    """Ids belong to one provider."""
    processing = Processing()
    processing.connect()
    delivery = await settled(processing, EventStatus.FAILED)
    for provider, name in [("github", "absent"), ("gitlab", delivery)]:
        with pytest.raises(EventNotFound):
            await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, name, provider=provider)


@pytest.mark.parametrize(
    "actor",
    [
        UserActor(UserId(1), external(1)),
        ServiceActor("builds", frozenset({"git.read"})),
        ServiceActor("builds", frozenset(), acting_user=UserActor(UserId(1), external(1))),
    ],
    ids=["person", "service", "service for a person"],
)
async def test_checks_permission_first(actor: Actor) -> None:
    """Known and unknown deliveries have equal errors."""
    processing = Processing()
    processing.connect()
    delivery = await settled(processing, EventStatus.FAILED)
    opened = processing.unit_of_work.opened
    for name in (delivery, "absent"):
        with pytest.raises(ActionForbidden):
            await retry_of(processing)(actor, ALL_ORGANIZATIONS, name, provider="github")
    with pytest.raises(ActionForbidden):
        await retries_of(processing)(actor, ALL_ORGANIZATIONS, where=EventFilter(status=EventStatus.FAILED))
    assert processing.event(delivery).status is EventStatus.FAILED
    assert (processing.unit_of_work.opened, processing.bell.notified_lanes) == (opened, [])


async def test_retries_by_filter_and_notifies_each_lane_once() -> None:
    processing = Processing()
    processing.connect()
    failed = [await settled(processing, EventStatus.FAILED) for _ in range(3)]
    ignored = await settled(processing, EventStatus.IGNORED)
    done = await retries_of(processing)(OPERATOR, ALL_ORGANIZATIONS, where=EventFilter(status=EventStatus.FAILED))
    assert done.result.count == 3
    assert {processing.event(one).status for one in failed} == {EventStatus.PENDING}
    assert processing.event(ignored).status is EventStatus.IGNORED
    assert processing.bell.notified_lanes == [EVENT.lane]


async def test_filter_by_organization_affects_only_its_events() -> None:
    processing = Processing()
    processing.connect()
    own = await settled(processing, EventStatus.IGNORED)
    unrouted = await settled(processing, EventStatus.UNROUTED)
    where = EventFilter(organization_id=ORGANIZATION, status=EventStatus.IGNORED)
    done = await retries_of(processing)(OPERATOR, ALL_ORGANIZATIONS, where=where)
    assert done.result.count == 1
    assert processing.event(own).status is EventStatus.PENDING
    none = replace(where, status=EventStatus.UNROUTED)
    done = await retries_of(processing)(OPERATOR, ALL_ORGANIZATIONS, where=none)
    assert done.result.count == 0
    assert processing.event(unrouted).status is EventStatus.UNROUTED
    assert INTEGRATION.organization_id == ORGANIZATION


@pytest.mark.parametrize("status", [None, EventStatus.PROCESSED, EventStatus.PENDING])
async def test_retry_by_filter_needs_a_status(status: EventStatus | None) -> None:
    """A missing status does not mean all events."""
    with pytest.raises(EventNotRetryable):
        await retries_of(Processing())(OPERATOR, ALL_ORGANIZATIONS, where=EventFilter(status=status))


async def test_key_needs_one_organization() -> None:
    """Keys are stored by organization, so a key without one would be ignored silently."""
    processing = Processing()
    processing.connect()
    delivery = await settled(processing, EventStatus.FAILED)
    key = IdempotencyKey("once")
    with pytest.raises(ValueError, match="belongs to one organization"):
        await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery, provider="github", key=key)
    assert processing.event(delivery).status is EventStatus.FAILED


async def test_all_organizations_require_a_provider() -> None:
    """Two providers can use the same delivery id."""
    processing = Processing()
    processing.connect()
    delivery = await settled(processing, EventStatus.FAILED)
    with pytest.raises(EventNotFound):
        await retry_of(processing)(OPERATOR, ALL_ORGANIZATIONS, delivery)
