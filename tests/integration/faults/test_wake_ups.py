"""No wake-up is ever lost: what was received is processed, however rings, drains and deaths interleave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import redis

from ports.unit_of_work import Transaction, UnitOfWork
from testing.memory.clock import SettableClock
from tests.support.conditions import until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.in_process_worker import INSTALLATION_OF_LANE, Workshop, a_push, workshop
from tests.support.servers.service import Service, run_service

LANES = (0, 3, 5, 8, 11, 17, 23, 30)
ROUNDS = 60
# About as long as it takes from a delivery to someone who answers its ring.
LINGER_SECONDS = 0.02

CHAOTIC_ROUNDS = 2000
FLUSH_EVERY = 100
CUT_EVERY = 15
KILL_EVERY = 600
# The scheduler notifies every 5 seconds, and workers react at once.
# An event that was alone when its worker died is tried again after up to 10 s.
UNTIL_HEALED_SECONDS = 40


async def test_notifications_alone_start_all_processing(database_url: str, redis_url: str) -> None:
    """Without the scheduler: a drainer that does not get the lane relies on its holder."""
    random = Random(20)
    async with workshop(database_url, redis_url, random, workers=16, linger=LINGER_SECONDS) as shop:
        await asyncio.gather(*(play(shop, lane, random) for lane in LANES))


@pytest.mark.parametrize("look", [1, 2, 3])
async def test_lane_holder_processes_the_event_of_a_rejected_drainer(
    database_url: str, redis_url: str, look: int
) -> None:
    """A delivery may arrive just after the holder found nothing: one of both sees it."""

    async def come_in_between() -> None:
        await shop.receive(a_push(lane=0))
        await shop.drain(0)

    async with workshop(database_url, redis_url, Random(20), workers=0) as shop:
        interrupted = Interrupted(shop.drain.unit_of_work, look, come_in_between)
        await replace(shop.drain, unit_of_work=interrupted)(0)
        assert await shop.is_idle([0])


class Interrupted(UnitOfWork):
    """A unit of work whose holder is interrupted once, with the lock of that transaction still in hand."""

    def __init__(self, inner: UnitOfWork, number: int, interruption: Callable[[], Awaitable[None]]) -> None:
        self._inner = inner
        self._left = number
        self._interruption = interruption

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction for the length of an `async with` block."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._inner() as tx:
            yield tx
            self._left -= 1
            if self._left == 0:
                await self._interruption()


async def play(shop: Workshop, lane: int, random: Random) -> None:
    """Deliver a few at odd moments, wait until they are processed, and again."""

    async def deliver() -> None:
        await asyncio.sleep(random.uniform(0, 1.5 * LINGER_SECONDS))
        await shop.receive(a_push(lane))

    for _ in range(ROUNDS):
        await asyncio.gather(*(deliver() for _ in range(random.randrange(1, 5))))
        await until(lambda: shop.is_idle([lane]))


async def test_worker_with_a_slow_clock_processes_at_once(database_url: str, redis_url: str) -> None:
    """The database stamps deliveries, since the clocks of machines differ."""
    late = SettableClock(datetime.now(UTC) - timedelta(minutes=1))
    async with workshop(database_url, redis_url, Random(20), workers=1, clock=late) as shop:
        await shop.receive(a_push(lane=0))
        await until(lambda: shop.is_idle([0]), seconds=3)


async def test_processes_everything_after_crashes_and_flushes(database_url: str, redis_url: str) -> None:
    """Cancelled drains, killed workers, an emptied Redis: each effect happens once."""
    random = Random(20)
    processes = ("worker-1", "worker-2", "scheduler")
    with open_events(database_url) as event_store:
        for installation in INSTALLATION_OF_LANE.values():
            event_store.connect_installation(installation)
        with run_service(database_url, redis_url, *processes, workers=2) as service:
            async with workshop(database_url, redis_url, random, workers=4, linger=0.002) as shop:
                await wreak_havoc(shop, service, random, redis_url)
                await until(lambda: shop.is_idle(range(32)), UNTIL_HEALED_SECONDS)
        assert event_store.statuses() == {"processed": CHAOTIC_ROUNDS}
        [published] = event_store.rows("SELECT count(*), count(DISTINCT git_webhook_event_id) FROM git_domain_events")
        assert published == (CHAOTIC_ROUNDS, CHAOTIC_ROUNDS)


async def wreak_havoc(shop: Workshop, service: Service, random: Random, redis_url: str) -> None:
    """Deliver in rounds, each of which may also break something."""
    victims = ["worker-1", "worker-2"]
    with redis.Redis.from_url(redis_url) as bells:
        async with asyncio.TaskGroup() as deliveries:
            for number in range(1, CHAOTIC_ROUNDS + 1):
                deliveries.create_task(shop.receive(a_push(random.randrange(32))))
                await asyncio.sleep(random.choice((0, 0, 0, 0.005)))
                if random.randrange(CUT_EVERY) == 0:
                    shop.cut_one_off()
                if random.randrange(FLUSH_EVERY) == 0:
                    bells.flushdb()
                if number % KILL_EVERY == 0:
                    victim = victims[number // KILL_EVERY % 2]
                    service.kill(victim)
                    service.begin(victim)
