"""Receive and drain in this process what real servers hold, as the service's own processes do."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

import redis
from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.serializers import JSONSerializer

from adapters.github.protocol.webhooks import PROVIDER, GitHubWebhooks
from adapters.observability.logs import LoggedAlerts
from adapters.postgres.connection.database import Database
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.redis_queue.worker_notifier import QUEUE, RedisWorkerNotifier
from adapters.system import SystemClock
from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageConflict
from core.domain.identifiers import RepoId
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import REPOSITORY, push

_JOB = "entrypoints.worker.jobs.drain"

INSTALLATION_OF_LANE = {choose_lane(str(number)): number for number in range(1, 1000)}


class Lingering(UnitOfWork):
    """A unit of work that every other time keeps its lock a while longer, so that others come meanwhile."""

    def __init__(self, inner: UnitOfWork, random: Random, seconds: float) -> None:
        self._inner = inner
        self._random = random
        self._seconds = seconds

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction for the length of an `async with` block."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._inner() as tx:
            yield tx
            await asyncio.sleep(self._random.choice((0, self._seconds)))


@dataclass(slots=True)
class Workshop:
    """Workers that are tasks here, and what they share."""

    receive: ReceiveDelivery
    drain: DrainLane
    database: Database
    queue: Queue
    random: Random
    under_way: set["asyncio.Task[object]"] = field(default_factory=set)
    """The drains that run just now."""

    async def work(self) -> None:
        """Answer one ring after the other, until cancelled."""
        while True:
            lane = await asyncio.to_thread(self._next_ring)
            if lane is None:
                continue
            drain: asyncio.Task[object] = asyncio.create_task(self.drain(lane))
            self.under_way.add(drain)
            await asyncio.wait({drain})
            self.under_way.discard(drain)
            # A drain that a test cut off, or that lost a race, leaves the rest to others; anything else is a bug.
            if not drain.cancelled() and not isinstance(drain.exception(), StorageConflict | None):
                drain.result()

    def cut_one_off(self) -> None:
        """Cancel one drain that runs, wherever it is."""
        if self.under_way:
            self.random.choice(sorted(self.under_way, key=id)).cancel()

    async def is_idle(self, lanes: Collection[int]) -> bool:
        """Return whether no event waits in these lanes."""
        async with self.database.session() as session:
            return not await session.read(
                "SELECT FROM git_webhook_events WHERE status = 'pending' AND lane = ANY(%s::int2[]) LIMIT 1",
                (list(lanes),),
            )

    def _next_ring(self) -> int | None:
        try:
            found = Queue.dequeue_any([self.queue], 1, connection=self.queue.connection, serializer=JSONSerializer)
        except DequeueTimeout:
            return None
        return found[0].args[0] if found else None


@asynccontextmanager
async def workshop(
    database_url: str, redis_url: str, random: Random, *, workers: int, linger: float = 0.0, clock: Clock | None = None
) -> AsyncIterator[Workshop]:
    """Open one with so many workers, who may linger for so many seconds and go by this clock.

    A worker that met a bug fails the block.
    """
    async with AsyncExitStack() as stack:
        # A drain uses a second connection to record that it started.
        database = Database(database_url, max_connections=2 * (workers + 2))
        stack.push_async_callback(database.close)
        metrics = MemoryMetrics()
        worker_notifier = RedisWorkerNotifier(redis_url, job=_JOB)
        stack.callback(worker_notifier.close)
        log = PostgresDeliveryLog(database_url, metrics=metrics)
        stack.push_async_callback(log.close)
        connection = redis.Redis.from_url(redis_url)
        stack.callback(connection.close)
        shop = Workshop(
            ReceiveDelivery(log, worker_notifier),
            DrainLane(
                Lingering(PostgresUnitOfWork(database), random, linger),
                {PROVIDER: GitHubWebhooks([])},
                worker_notifier,
                clock or SystemClock(),
                metrics,
                LoggedAlerts(),
            ),
            database,
            Queue(QUEUE, connection=connection, serializer=JSONSerializer),
            random,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(shop.work()) for _ in range(workers)]
            yield shop
            for task in tasks:
                task.cancel()


def a_push(lane: int) -> VerifiedDelivery:
    """Return a new push of the installation of this lane, as if it had been verified."""
    installation = INSTALLATION_OF_LANE[lane]
    return VerifiedDelivery(
        provider=PROVIDER,
        event_type="push",
        delivery_id=str(uuid4()),
        action=None,
        source_key=str(installation),
        repo_id=RepoId(str(REPOSITORY)),
        body=push(installation=installation),
    )
