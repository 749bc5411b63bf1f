"""Workers are notified of due events, even if earlier notifications were lost."""

from datetime import timedelta

import pytest

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus
from tests.support.builders.domain import EVENT, INTEGRATION, REVOKED
from tests.support.scenarios.processing import Processing, push


async def test_without_due_events_nobody_is_notified() -> None:
    processing = Processing()
    assert await processing.requeue_due_events() == 0
    assert (processing.bell.notified_lanes, processing.metrics.oldest_due_seconds) == ([], 0.0)


async def test_notifies_every_lane_with_due_events() -> None:
    """An earlier notification may have been lost."""
    processing = Processing()
    await processing.deliver("push", push())
    await processing.deliver("push", push())
    await processing.deliver("push", push() | {"installation": {"id": 2}})
    processing.bell.notified_lanes.clear()
    assert processing.bell.unanswered == {EVENT.lane, choose_lane("2")}
    assert await processing.requeue_due_events() == 2
    assert sorted(processing.bell.notified_lanes) == sorted([EVENT.lane, choose_lane("2")])


async def test_publishes_the_age_of_the_oldest_due_event() -> None:
    processing = Processing()
    await processing.deliver("push", push())
    processing.clock.advance(timedelta(seconds=42))
    await processing.deliver("push", push())
    await processing.requeue_due_events()
    assert processing.metrics.oldest_due_seconds == 42.0
    await processing.drain()
    await processing.requeue_due_events()
    assert processing.metrics.oldest_due_seconds == 0.0


async def test_notifies_for_a_retry_when_it_is_due() -> None:
    processing = Processing()
    processing.connect()

    def fail(_body: bytes) -> None:
        raise ZeroDivisionError

    processing.protocol.on_read = fail
    await processing.deliver("push", push())
    await processing.drain()
    processing.clock.advance(timedelta(seconds=9))
    assert await processing.requeue_due_events() == 0
    processing.clock.advance(timedelta(seconds=1))
    assert await processing.requeue_due_events() == 1


async def test_routes_and_notifies_in_one_run() -> None:
    """After an installation was connected in the browser."""
    processing = Processing()
    delivery = await processing.deliver("push", push())
    await processing.drain()
    assert await processing.requeue_due_events() == 0
    processing.connect()
    assert await processing.requeue_due_events() == 1
    assert processing.event(delivery).status is EventStatus.PENDING


async def test_revoked_integration_routes_nothing() -> None:
    """Its events keep waiting."""
    processing = Processing()
    delivery = await processing.deliver("push", push())
    await processing.drain()
    processing.connect(REVOKED)
    assert await processing.requeue_due_events() == 0
    assert processing.event(delivery).status is EventStatus.UNROUTED
    assert REVOKED.provider_id == INTEGRATION.provider_id


async def test_outage_notifies_nobody() -> None:
    """The next run finds the same work."""
    processing = Processing()
    await processing.deliver("push", push())
    processing.bell.notified_lanes.clear()
    processing.database.is_reachable = False
    with pytest.raises(StorageUnavailable):
        await processing.requeue_due_events()
    assert processing.bell.notified_lanes == []
    processing.database.is_reachable = True
    assert await processing.requeue_due_events() == 1
