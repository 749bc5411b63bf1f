"""Redis only wakes workers: while it is gone deliveries are taken, and when it is back they are processed."""

import asyncio
import time
from collections.abc import Iterator

import pytest
import redis

from adapters.redis_queue.queue_probe import list_workers
from core.domain.secret import redact_url
from tests.support.builders.deliveries import list_accepted, post_all, pushes
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.service import Service, run_service
from tests.support.servers.stoppable_servers import Breakable, breakable_redis

# The scheduler's next run, and a worker that tries Redis every two seconds.
UNTIL_HEALED_SECONDS = 10
SOME_TRIES_SECONDS = 3


@pytest.fixture
def redis_server() -> Iterator[Breakable]:
    """Run a Redis of this test's own."""
    with breakable_redis() as server:
        yield server


@pytest.fixture
def event_store(database_url: str) -> Iterator[EventStore]:
    """Open the webhook events of this test, with a connected installation."""
    with open_events(database_url) as event_store:
        event_store.connect_installation()
        yield event_store


@pytest.fixture
def service(database_url: str, redis_server: Breakable, event_store: EventStore) -> Iterator[Service]:
    """Run the whole service; afterwards none of it has been started again or has crashed."""
    del event_store  # opened first, so closed last
    with run_service(database_url, redis_server.url, "api", "worker", "scheduler") as service:
        yield service
        for name in ("api", "worker", "scheduler"):
            assert service.is_running(name)
            assert [line for line in service.log(name) if "exception" in line or "Traceback" in str(line)] == []


async def post_some(service: Service) -> None:
    """Post a few hundred; every one is taken, and none waits for Redis."""
    began = time.monotonic()
    answers = await post_all(service.address, pushes(300), connections=4)
    assert len(list_accepted(answers)) == 300
    assert time.monotonic() - began < 5


async def test_stopped_and_emptied_redis_loses_no_delivery(
    service: Service, redis_server: Breakable, event_store: EventStore
) -> None:
    """Each response is 202, and all deliveries are processed in the end."""
    amid = asyncio.create_task(post_some(service))
    await asyncio.to_thread(redis_server.stop)
    await amid
    await post_some(service)
    redis_server.start()
    wait_until(event_store.is_settled, UNTIL_HEALED_SECONDS)
    assert event_store.statuses() == {"processed": 600}
    assert event_store.value("SELECT count(*) FROM git_domain_events") == 600


@pytest.mark.parametrize("how", ["emptied", "restarted"])
def test_running_worker_registers_again(
    service: Service, redis_server: Breakable, event_store: EventStore, how: str
) -> None:
    """It is listed, and is notified of new deliveries."""
    wait_until(lambda: asyncio.run(list_workers(redis_server.url)))
    if how == "restarted":
        redis_server.stop()
        redis_server.start()
    else:
        with redis.Redis.from_url(redis_server.url) as client:
            client.flushall()
    wait_until(lambda: asyncio.run(list_workers(redis_server.url)), seconds=60)
    asyncio.run(post_some(service))
    wait_until(event_store.is_settled, UNTIL_HEALED_SECONDS)
    assert event_store.statuses() == {"processed": 300}


async def test_silent_redis_loses_no_delivery(
    service: Service, redis_server: Breakable, event_store: EventStore
) -> None:
    """It accepts connections and never responds: each response is 202, and all are processed."""
    amid = asyncio.create_task(post_some(service))
    redis_server.freeze()
    await amid
    await post_some(service)
    wait_until(lambda: service.log_lines("api", "worker_notification_failed"))
    [line] = service.log_lines("api", "worker_notification_failed")
    assert (line["url"], "CREWKIT_GIT_REDIS_URL" in line["reason"]) == (redact_url(redis_server.url), True)
    redis_server.thaw()
    wait_until(event_store.is_settled, UNTIL_HEALED_SECONDS)
    await post_some(service)
    wait_until(lambda: service.log_lines("api", "worker_notifications_resumed"))
    wait_until(event_store.is_settled, UNTIL_HEALED_SECONDS)
    assert event_store.statuses() == {"processed": 900}


@pytest.mark.parametrize("is_there_at_first", [True, False])
def test_worker_logs_an_outage_and_its_end_once(
    database_url: str, redis_server: Breakable, is_there_at_first: bool
) -> None:
    """With the remedy, whether it loses Redis or never had it."""
    if not is_there_at_first:
        redis_server.stop()
    with run_service(database_url, redis_server.url, "worker") as service:
        if is_there_at_first:
            redis_server.stop()
        wait_until(lambda: service.log_lines("worker", "redis_unavailable"))
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > SOME_TRIES_SECONDS)
        redis_server.start()
        wait_until(lambda: service.log_lines("worker", "redis_available"))
        [line] = service.log_lines("worker", "redis_unavailable")
        assert (line["url"], line["level"]) == (redact_url(redis_server.url), "warning")
        assert line["reason"] == "Start Redis or correct CREWKIT_GIT_REDIS_URL."
        assert [one for one in service.log("worker") if "logger" in one] == []


def test_processes_stop_without_redis(database_url: str, redis_server: Breakable) -> None:
    """No `kill -9` is necessary."""
    with run_service(database_url, redis_server.url, "api", "worker", "scheduler") as service:
        redis_server.stop()
        wait_until(lambda: service.log_lines("worker", "redis_unavailable"))
        service.ask_to_stop("api", "worker", "scheduler")
        wait_until(lambda: not any(map(service.is_running, ("api", "worker", "scheduler"))), seconds=5)
