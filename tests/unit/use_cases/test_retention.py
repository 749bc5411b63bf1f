"""How long payloads of webhook events are kept."""

from datetime import timedelta

import pytest

from core.use_cases.events.housekeeping import ApplyRetention, Retention
from tests.support.scenarios.processing import Processing, push


async def test_deletes_bodies_and_events_after_their_days() -> None:
    """Each after its own; by default nothing is deleted."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    await processing.drain()
    kept = Retention(payloads=timedelta(days=30), events=timedelta(days=400))
    for_ever = ApplyRetention(processing.unit_of_work, processing.clock, Retention())
    apply = ApplyRetention(processing.unit_of_work, processing.clock, kept)

    processing.clock.advance(timedelta(days=29))
    assert (await apply(), len(processing.database.committed.payloads)) == (0, 1)
    processing.clock.advance(timedelta(days=2))
    assert (await apply(), len(processing.database.committed.payloads)) == (1, 0)
    assert processing.event(delivery).verdicts, "the verdicts stay"
    assert await apply() == 0
    processing.clock.advance(timedelta(days=400))
    assert await for_ever() == 0
    assert await apply() == 1
    assert processing.database.committed.events == {}
    assert len(processing.facts()) == 1, "the domain events stay"


@pytest.mark.slow
async def test_deletes_in_small_transactions() -> None:
    processing = Processing()
    for number in range(2500):
        await processing.deliver("ping", {"zen": str(number)})
    processing.clock.advance(timedelta(days=10))
    opened = processing.unit_of_work.opened
    kept = Retention(payloads=timedelta(days=7))
    assert await ApplyRetention(processing.unit_of_work, processing.clock, kept)() == 2500
    assert processing.unit_of_work.opened - opened == 3


async def test_deletes_domain_events_after_their_days() -> None:
    """Except the newest, which streams continue from."""
    processing = Processing()
    processing.connect()
    for _ in range(3):
        await processing.deliver("push", push())
    await processing.drain()
    *_, newest = processing.facts()
    kept = Retention(domain_events=timedelta(days=30))
    apply = ApplyRetention(processing.unit_of_work, processing.clock, kept)
    processing.clock.advance(timedelta(days=29))
    assert await apply() == 0
    processing.clock.advance(timedelta(days=2))
    assert await apply() == 2
    assert processing.facts() == [newest]


async def test_deletes_attributions_after_their_days() -> None:
    """By default they are kept."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push())
    await processing.drain()
    count = len(processing.database.committed.attributions)
    assert count
    kept = Retention(attributions=timedelta(days=365))
    apply = ApplyRetention(processing.unit_of_work, processing.clock, kept)
    for_ever = ApplyRetention(processing.unit_of_work, processing.clock, Retention())
    processing.clock.advance(timedelta(days=364))
    assert await apply() == 0
    processing.clock.advance(timedelta(days=2))
    assert await for_ever() == 0
    assert await apply() == count
    assert not processing.database.committed.attributions
