"""Events that cannot be processed: alone, counted, and never in the way of others."""

from datetime import timedelta

import pytest

from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus
from core.domain.streams.domain_event import PushData
from core.use_cases.deliveries.drain_lane import DrainResult
from tests.support.builders.domain import EVENT, INSTALLATION, INTEGRATION, NOW
from tests.support.scenarios.processing import Processing, payload, push

UNREADABLE = b'{"installation":{"id":%d},"ref":5}' % INSTALLATION
ODD = b'{"ref":"r","installation":{"id":"x%d"}}' % INSTALLATION
POISON = 666


def poisoned() -> Processing:
    """Return a connected service in which reading push 666 fails."""
    processing = Processing()
    processing.connect()

    def break_on_poison(body: bytes) -> None:
        if f"{POISON:040x}".encode() in body:
            raise ZeroDivisionError("division by zero\nDETAIL: row (secret)")

    processing.protocol.on_read = break_on_poison
    return processing


def list_pushes(processing: Processing) -> list[int]:
    """Return the numbers of the published pushes, in order."""
    return [int(fact.data.after, 16) for fact in processing.facts() if isinstance(fact.data, PushData)]


async def test_counts_only_the_poison_event() -> None:
    """The batch runs again one by one: all others are published once, in order."""
    processing = poisoned()
    deliveries = [await processing.deliver("push", push(number)) for number in (1, 2, POISON, 3, 4)]
    assert await processing.drain() is DrainResult.EMPTY
    assert list_pushes(processing) == [1, 2, 3, 4]
    bad = processing.event(deliveries[2])
    assert (bad.status, bad.attempts) == (EventStatus.PENDING, 1)
    assert bad.next_attempt_at == NOW + timedelta(seconds=10)
    assert bad.error_message == "ZeroDivisionError: division by zero"
    assert bad.integration_id == INTEGRATION.id  # so that its organization sees it
    assert [processing.event(one).attempts for one in deliveries] == [0, 0, 1, 0, 0]
    assert processing.metrics.results == {EventStatus.PROCESSED: 4, EventStatus.PENDING: 1}


async def test_gives_up_an_event_that_breaks_the_storage() -> None:
    """First among others, then twice alone; the others are published once."""
    processing = poisoned()
    poison = f"{POISON:040x}".encode()
    crashes: list[int] = []

    def crash(body: bytes) -> None:
        if poison in body:
            crashes.append(len(processing.protocol.read_bodies))
            raise StorageUnavailable("server closed the connection unexpectedly")

    processing.protocol.on_read = crash
    deliveries = [await processing.deliver("push", push(number)) for number in (1, 2, POISON, 3, 4)]
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await processing.drain()
    assert processing.statuses() == ["processed"] * 2 + ["pending"] * 3
    assert await processing.drain() is DrainResult.EMPTY
    assert list_pushes(processing) == [1, 2, 3, 4]
    bad = processing.event(deliveries[2])
    assert (bad.status, bad.attempts) == (EventStatus.FAILED, 1)
    assert bad.error_message is not None
    assert bad.error_message.startswith("database_lost: ")
    assert [code for code, _ in processing.alerts.entries] == ["event_failed"]
    assert len(crashes) == 3
    later = await processing.deliver("push", push(5))
    assert await processing.drain() is DrainResult.EMPTY
    assert processing.event(later).status is EventStatus.PROCESSED


async def test_outage_between_events_counts_for_none() -> None:
    """An event that succeeds is never counted."""
    processing = Processing()
    processing.connect()
    deliveries = [await processing.deliver("push", push(number)) for number in range(5)]
    # Each drain ends with an outage, and then its record of the start is withdrawn, which may fail as well:
    # the next drain then isolates the events first.
    drains = [[True, True], [False, False, True, False], [False, False, True, True], [False, False, True, False]]
    outages = iter([is_away for drain in drains for is_away in drain])

    async def go_away() -> None:
        if next(outages, False):
            raise StorageUnavailable("gone")

    processing.unit_of_work.before_commit = go_away
    for _ in range(4):
        with pytest.raises(StorageUnavailable):
            await processing.drain()
    assert await processing.drain() is DrainResult.EMPTY
    assert [processing.event(one).attempts for one in deliveries] == [0] * 5
    assert processing.statuses() == ["processed"] * 5


async def test_poison_event_fails_after_three_attempts() -> None:
    """With growing delays and one alert with its delivery id."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    for attempt, wait in enumerate([timedelta(0), timedelta(seconds=10), timedelta(minutes=2)], start=1):
        processing.clock.advance(wait - timedelta(microseconds=1 if wait else 0))
        before = processing.event(delivery).attempts
        if wait:
            await processing.drain()
            assert processing.event(delivery).attempts == before  # not due before its time
            processing.clock.advance(timedelta(microseconds=1))
        await processing.drain()
        assert processing.event(delivery).attempts == attempt
    failed = processing.event(delivery)
    assert (failed.status, failed.error_message) == (EventStatus.FAILED, "ZeroDivisionError: division by zero")
    assert processing.alerts.entries == [
        ("event_failed", {"delivery_id": delivery, "event_type": "push", "installation_id": str(INSTALLATION)})
    ]
    processing.clock.advance(timedelta(days=1))
    await processing.drain()
    assert processing.event(delivery).attempts == 3


async def test_recovered_poison_event_is_published_once() -> None:
    """After a successful second attempt."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    await processing.deliver("push", push(1))
    await processing.drain()
    processing.protocol.on_read = lambda _body: None
    processing.clock.advance(timedelta(seconds=10))
    await processing.drain()
    healed = processing.event(delivery)
    assert (healed.status, healed.attempts, healed.error_message) == (EventStatus.PROCESSED, 1, None)
    assert list_pushes(processing) == [1, POISON]


async def test_counts_several_poison_events_once_each() -> None:
    """The others are processed in the same drain."""
    processing = poisoned()
    for number in range(40):
        await processing.deliver("push", push(POISON if number % 10 == 0 else number))
    await processing.drain()
    assert processing.statuses().count("processed") == 36
    attempts = [event.attempts for event in processing.database.committed.events.values()]
    assert (attempts.count(1), attempts.count(0)) == (4, 36)


async def test_unreadable_payload_fails_at_once() -> None:
    """Its batch need not run again."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push(1))
    bad = await processing.deliver("push", UNREADABLE)
    await processing.deliver("push", push(2))
    processing.unit_of_work.opened = 0
    await processing.drain()
    event = processing.event(bad)
    assert (event.status, event.attempts) == (EventStatus.FAILED, 1)
    assert event.integration_id == INTEGRATION.id
    assert (event.error_message or "").startswith("envelope_unreadable: ")
    assert list_pushes(processing) == [1, 2]
    assert processing.unit_of_work.opened == 4  # the batch, its start, the empty one, one more look
    assert [code for code, _ in processing.alerts.entries] == ["event_failed"]


async def test_wrong_types_fail_at_processing() -> None:
    """Signed objects are stored for inspection."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", ODD)
    await processing.drain(0)
    event = processing.event(delivery)
    assert (event.status, event.source_key) == (EventStatus.FAILED, None)
    assert (event.error_message or "").startswith("envelope_unreadable: ")


async def test_expired_payload_fails_at_once() -> None:
    """With its reason."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push(1))
    await processing.deliver("push", push(2))
    processing.expire_payload(delivery)
    await processing.drain()
    event = processing.event(delivery)
    assert (event.status, event.attempts) == (EventStatus.FAILED, 1)
    assert "retention" in (event.error_message or "")
    assert list_pushes(processing) == [2]


async def test_processes_a_redelivered_failed_event() -> None:
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    for _ in range(3):
        await processing.drain()
        processing.clock.advance(timedelta(minutes=5))
    assert processing.event(delivery).status is EventStatus.FAILED
    processing.protocol.on_read = lambda _body: None
    await processing.redeliver(delivery)
    await processing.drain()
    assert (processing.event(delivery).status, list_pushes(processing)) == (EventStatus.PROCESSED, [POISON])


async def test_lost_lane_discards_the_failure() -> None:
    """The new holder decides about the event."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    async with processing.unit_of_work() as rival:

        async def take_the_lane() -> None:
            assert await rival.event_queue.try_lock(EVENT.lane)

        processing.unit_of_work.after_end = take_the_lane
        assert await processing.drain() is DrainResult.HELD_ELSEWHERE
    assert processing.event(delivery).attempts == 0


async def test_ignores_a_ping() -> None:
    """It has no installation and uses the first lane."""
    processing = Processing()
    ping = await processing.deliver("ping", payload("ping/app"))
    await processing.drain(0)
    event = processing.event(ping)
    assert (event.status, event.error_message, event.integration_id) == (EventStatus.IGNORED, "ping", None)
