"""Rings reach the queue even as a process ends, and do not pile up there while no worker runs."""

from collections.abc import Iterator

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from adapters.redis_queue.worker_notifier import QUEUE, RedisWorkerNotifier
from core.domain.deliveries.source_key import LANES
from tests.support.conditions import wait_until

JOB = "entrypoints.worker.jobs.drain"


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    """Give the queue that workers listen to, and nobody does here."""
    with redis.Redis.from_url(redis_url) as connection:
        yield Queue(QUEUE, connection=connection, serializer=JSONSerializer)


def notified_lanes(queue: Queue) -> list[int]:
    """List the lanes that were rung."""
    return [job.args[0] for job in queue.jobs]


@pytest.mark.parametrize("lane", range(5))
def test_sends_a_notification_before_stopping(redis_url: str, queue: Queue, lane: int) -> None:
    """The API stops right after it stored a delivery; the notification is still sent."""
    worker_notifier = RedisWorkerNotifier(redis_url, job=JOB)
    worker_notifier.notify(31)
    wait_until(lambda: notified_lanes(queue) == [31])
    worker_notifier.notify(lane)
    worker_notifier.close()
    assert notified_lanes(queue) == [31, lane]


async def test_notifications_do_not_pile_up_without_workers(redis_url: str, queue: Queue) -> None:
    """After a day without workers, Redis stays small and the first worker is notified at once."""
    worker_notifier = RedisWorkerNotifier(redis_url, job=JOB)
    for _ in range(100):
        await worker_notifier.notify_due(range(LANES))
    worker_notifier.close()
    assert queue.count < 1500
    assert notified_lanes(queue)[-LANES:] == list(range(LANES))
