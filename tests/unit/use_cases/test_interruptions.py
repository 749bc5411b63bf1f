"""An event during which the process ends is counted, isolated and failed; no other event is blamed."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus
from core.domain.streams.domain_event import PushData
from core.use_cases.deliveries.drain_lane import DrainResult
from core.use_cases.deliveries.poison_events import PoisonEvents
from tests.support.builders.domain import EVENT, INTEGRATION, NOW
from tests.support.scenarios.processing import Processing, push

KILLER = 666


class Killed(BaseException):
    """Ends a drain as the end of its process does: nothing after it runs."""


def on_killer(then: BaseException | None) -> Callable[[bytes], None]:
    """Return what to do when a payload is read: raise for the killer only."""

    def read(body: bytes) -> None:
        if then is not None and f"{KILLER:040x}".encode() in body:
            raise then

    return read


async def run_until_it_lives(processing: Processing) -> int:
    """Drain, with a new process after each kill, and return the number of kills."""
    deaths = 0
    while True:
        processing.start_worker()
        try:
            assert await processing.drain() is DrainResult.EMPTY
        except Killed:
            deaths += 1
        else:
            return deaths


def list_pushes(processing: Processing) -> list[int]:
    """Return the numbers of the published pushes, in order."""
    return [int(fact.data.after, 16) for fact in processing.facts() if isinstance(fact.data, PushData)]


async def test_killing_event_fails_alone() -> None:
    """After three attempts; the others are processed once, in order, without an attempt."""
    processing = Processing()
    processing.connect()
    processing.protocol.on_read = on_killer(Killed())
    numbers = [*range(50), KILLER, *range(50, 100)]
    deliveries = [await processing.deliver("push", push(number)) for number in numbers]
    # In the batch, alone, and alone again: then its next attempt is later, and the others go on.
    assert await run_until_it_lives(processing) == 3
    assert list_pushes(processing) == list(range(100))
    killer = processing.event(deliveries[50])
    assert (killer.status, killer.attempts) == (EventStatus.PENDING, 2)
    assert killer.next_attempt_at == NOW + timedelta(seconds=10)
    processing.clock.advance(timedelta(seconds=10))
    assert await run_until_it_lives(processing) == 1
    killer = processing.event(deliveries[50])
    assert (killer.status, killer.attempts, killer.integration_id) == (EventStatus.FAILED, 3, INTEGRATION.id)
    assert (killer.error_message or "").startswith(
        "processing_interrupted: the worker process ended during attempt 3 of 3. Check "
    )
    async with processing.unit_of_work() as tx:
        attempts = await tx.event_attempts.list_by_event(killer.id)
    assert [attempt.result.value for attempt in attempts] == ["interrupted"] * 3
    assert [attempt.error_code for attempt in attempts] == ["processing_interrupted"] * 3
    assert all(attempt.started_at for attempt in attempts)
    assert processing.statuses().count("processed") == 100
    assert {processing.event(one).attempts for one in deliveries if one != deliveries[50]} == {0}
    codes = [code for code, _ in processing.alerts.entries]
    assert codes == ["processing_interrupted"] * 4 + ["event_failed"]


async def test_single_killing_event_ends_three_processes() -> None:
    """The first end counts, since nothing else can have caused it."""
    processing = Processing()
    processing.connect()
    processing.protocol.on_read = on_killer(Killed())
    delivery = await processing.deliver("push", push(KILLER))
    assert await run_until_it_lives(processing) == 2
    processing.clock.advance(timedelta(seconds=10))
    assert await run_until_it_lives(processing) == 1
    assert processing.event(delivery).status is EventStatus.FAILED
    later = await processing.deliver("push", push(1))
    assert await run_until_it_lives(processing) == 0
    assert processing.event(later).status is EventStatus.PROCESSED


async def test_finds_two_killing_events_in_one_batch() -> None:
    """Each by its own attempts."""
    processing = Processing()
    processing.connect()
    processing.protocol.on_read = on_killer(Killed())
    for number in (1, KILLER, 2, KILLER, 3):
        await processing.deliver("push", push(number))
    for _ in range(4):
        await run_until_it_lives(processing)
        processing.clock.advance(timedelta(seconds=10))
    assert processing.statuses() == ["processed", "failed", "processed", "failed", "processed"]
    assert list_pushes(processing) == [1, 2, 3]


async def test_unrelated_kill_costs_one_attempt() -> None:
    """The order stays."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push(KILLER))
    processing.protocol.on_read = on_killer(Killed())
    with pytest.raises(Killed):
        await processing.drain()
    await processing.deliver("push", push(1))
    processing.protocol.on_read = on_killer(None)
    assert await run_until_it_lives(processing) == 0
    assert list_pushes(processing) == [KILLER, 1]
    event = processing.event(delivery)
    assert (event.status, event.attempts, event.error_message) == (EventStatus.PROCESSED, 1, None)


async def test_caught_failure_counts_once() -> None:
    """The next drain does not count it again."""
    processing = Processing()
    processing.connect()
    processing.protocol.on_read = on_killer(ZeroDivisionError())
    delivery = await processing.deliver("push", push(KILLER))
    await processing.drain()
    assert await run_until_it_lives(processing) == 0
    assert processing.event(delivery).attempts == 1
    assert processing.alerts.entries == []


async def test_outage_is_not_an_interruption() -> None:
    """The worker withdraws its record when the storage responds."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push(KILLER))
    processing.protocol.on_read = on_killer(StorageUnavailable("gone"))
    with pytest.raises(StorageUnavailable):
        await processing.drain()
    processing.protocol.on_read = on_killer(None)
    assert await run_until_it_lives(processing) == 0
    event = processing.event(delivery)
    assert (event.status, event.attempts) == (EventStatus.PROCESSED, 0)
    assert processing.alerts.entries == []


async def test_cancelled_drain_counts_like_a_killed_one() -> None:
    """Its event must not block the lane permanently."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push(KILLER))
    processing.protocol.on_read = on_killer(Killed())
    cut_off = 0
    while processing.event(delivery).status is EventStatus.PENDING:
        try:
            await processing.drain()
        except Killed:
            cut_off += 1
        processing.clock.advance(timedelta(seconds=10))
    assert (processing.event(delivery).status, cut_off) == (EventStatus.FAILED, 3)


def test_outage_excuses_only_its_own_batch() -> None:
    poison_events = PoisonEvents()
    poison_events.record_loss(1, [EVENT])
    assert poison_events.has_lost(1, [EVENT.id])
    assert not poison_events.has_lost(2, [EVENT.id])
    assert not poison_events.has_lost(1, [])
    poison_events.mark_processed(1, [EVENT])
    assert not poison_events.has_lost(1, [EVENT.id])
