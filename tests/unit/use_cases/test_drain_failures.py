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
    """Return a connected service in which push 666 breaks whoever reads it."""
    processing = Processing()
    processing.connect()

    def break_on_poison(body: bytes) -> None:
        if f"{POISON:040x}".encode() in body:
            raise ZeroDivisionError("division by zero\nDETAIL: row (secret)")

    processing.protocol.on_read = break_on_poison
    return processing


def told(processing: Processing) -> list[int]:
    """Return the numbers of the pushes told, in order."""
    return [int(fact.data.after, 16) for fact in processing.facts() if isinstance(fact.data, PushData)]


async def test_poison_alone_is_counted_and_later_events_go_on() -> None:
    """A failing batch runs again one by one: all others are told once, in order, without an attempt."""
    processing = poisoned()
    deliveries = [await processing.deliver("push", push(number)) for number in (1, 2, POISON, 3, 4)]
    assert await processing.drain() is DrainResult.EMPTY
    assert told(processing) == [1, 2, 3, 4]
    bad = processing.event(deliveries[2])
    assert (bad.status, bad.attempts) == (EventStatus.PENDING, 1)
    assert bad.next_attempt_at == NOW + timedelta(seconds=10)
    assert bad.error_message == "ZeroDivisionError: division by zero"
    assert bad.integration_id == INTEGRATION.id  # so that its organization sees it
    assert [processing.event(one).attempts for one in deliveries] == [0, 0, 1, 0, 0]
    assert processing.metrics.results == {EventStatus.PROCESSED: 4, EventStatus.PENDING: 1}


async def test_one_that_drives_storage_away_is_found_and_given_up() -> None:
    """Among others first, then alone twice, after storage had just answered; the others are told once."""
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
    assert told(processing) == [1, 2, 3, 4]
    bad = processing.event(deliveries[2])
    assert (bad.status, bad.attempts) == (EventStatus.FAILED, 1)
    assert bad.error_message is not None
    assert bad.error_message.startswith("database_lost: ")
    assert [code for code, _ in processing.alerts.entries] == ["event_failed"]
    assert len(crashes) == 3
    later = await processing.deliver("push", push(5))
    assert await processing.drain() is DrainResult.EMPTY
    assert processing.event(later).status is EventStatus.PROCESSED


async def test_outages_between_events_blame_none() -> None:
    """One that storage outlives is innocent, however often it was there when storage went away."""
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


async def test_poison_fails_after_three_attempts_and_is_reported() -> None:
    """The delays grow, the third failure is final, and someone on call learns which delivery it was."""
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


async def test_poison_that_heals_is_told_once() -> None:
    """A second attempt that succeeds ends it, in its own time and after those that went ahead."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    await processing.deliver("push", push(1))
    await processing.drain()
    processing.protocol.on_read = lambda _body: None
    processing.clock.advance(timedelta(seconds=10))
    await processing.drain()
    healed = processing.event(delivery)
    assert (healed.status, healed.attempts, healed.error_message) == (EventStatus.PROCESSED, 1, None)
    assert told(processing) == [1, POISON]


async def test_several_poisons_in_a_large_batch_are_each_counted_once() -> None:
    """However many there are, the healthy rest of the batch is processed in the same drain."""
    processing = poisoned()
    for number in range(40):
        await processing.deliver("push", push(POISON if number % 10 == 0 else number))
    await processing.drain()
    assert processing.statuses().count("processed") == 36
    attempts = [event.attempts for event in processing.database.committed.events.values()]
    assert (attempts.count(1), attempts.count(0)) == (4, 36)


async def test_an_unreadable_payload_fails_at_once_and_harms_nobody() -> None:
    """Trying again changes nothing, and its batch need not run again for it."""
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
    assert told(processing) == [1, 2]
    assert processing.unit_of_work.opened == 4  # the batch, its start, the empty one, one more look
    assert [code for code, _ in processing.alerts.entries] == ["event_failed"]


async def test_an_odd_envelope_is_kept_at_receipt_and_fails_when_processed() -> None:
    """Signed objects of odd types are in the ledger, where people can see what was wrong."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", ODD)
    await processing.drain(0)
    event = processing.event(delivery)
    assert (event.status, event.source_key) == (EventStatus.FAILED, None)
    assert (event.error_message or "").startswith("envelope_unreadable: ")


async def test_an_expired_payload_fails_at_once() -> None:
    """What retention removed cannot be processed, and says so."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push(1))
    await processing.deliver("push", push(2))
    processing.expire_payload(delivery)
    await processing.drain()
    event = processing.event(delivery)
    assert (event.status, event.attempts) == (EventStatus.FAILED, 1)
    assert "retention" in (event.error_message or "")
    assert told(processing) == [2]


async def test_a_failed_event_that_is_redelivered_is_processed() -> None:
    """A redelivery of what failed here is taken as a new chance."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    for _ in range(3):
        await processing.drain()
        processing.clock.advance(timedelta(minutes=5))
    assert processing.event(delivery).status is EventStatus.FAILED
    processing.protocol.on_read = lambda _body: None
    await processing.redeliver(delivery)
    await processing.drain()
    assert (processing.event(delivery).status, told(processing)) == (EventStatus.PROCESSED, [POISON])


async def test_whoever_takes_the_lane_meanwhile_has_the_last_word() -> None:
    """A drainer that lost the lane before counting a failure leaves the event to whoever holds it."""
    processing = poisoned()
    delivery = await processing.deliver("push", push(POISON))
    async with processing.unit_of_work() as rival:

        async def take_the_lane() -> None:
            assert await rival.event_queue.try_lock(EVENT.lane)

        processing.unit_of_work.after_end = take_the_lane
        assert await processing.drain() is DrainResult.HELD_ELSEWHERE
    assert processing.event(delivery).attempts == 0


async def test_a_ping_is_settled_as_one() -> None:
    """It comes without an installation, waits in the first lane and belongs to nobody."""
    processing = Processing()
    ping = await processing.deliver("ping", payload("ping/app"))
    await processing.drain(0)
    event = processing.event(ping)
    assert (event.status, event.error_message, event.integration_id) == (EventStatus.IGNORED, "ping", None)
