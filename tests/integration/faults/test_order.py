"""Consumers receive the events of one installation in the order of arrival."""

import asyncio

from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import Delivery, list_accepted, post_all, push
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.in_process_worker import a_push
from tests.support.servers.service import run_service

INSTALLATIONS = range(1, 9)
PUSHES = 80


async def test_keeps_the_order_of_each_installation_with_several_workers(database_url: str, redis_url: str) -> None:
    """Several installations share a lane and several workers the lanes, while events arrive."""
    workers = ("worker-1", "worker-2", "worker-3")
    with open_events(database_url) as event_store:
        for installation in INSTALLATIONS:
            event_store.connect_installation(installation)
        with run_service(database_url, redis_url, "api", *workers, workers=3) as service:
            posted = await asyncio.gather(
                *(
                    post_all(
                        service.address,
                        [Delivery(push(number, installation=installation)) for number in range(PUSHES)],
                        connections=1,
                    )
                    for installation in INSTALLATIONS
                )
            )
            assert sum(len(list_accepted(answers)) for answers in posted) == PUSHES * len(INSTALLATIONS)
            wait_until(event_store.is_settled)
        published = event_store.rows(
            "SELECT array_agg(data ->> 'after' ORDER BY id) FROM git_domain_events"
            " WHERE type = 'git.push' GROUP BY git_integration_id"
        )
        assert published == [([f"{number:040x}" for number in range(PUSHES)],)] * len(INSTALLATIONS)


async def test_stores_a_burst_in_its_order_of_arrival(database_url: str) -> None:
    """Events of one commit are numbered by arrival, although the insert order differs."""
    burst = [a_push(lane=0) for _ in range(300)]
    log = PostgresDeliveryLog(database_url, metrics=MemoryMetrics())
    async with asyncio.TaskGroup() as group:
        for delivery in burst:
            group.create_task(log.append(delivery))
    await log.close()
    with open_events(database_url) as event_store:
        assert event_store.delivery_ids() == [delivery.delivery_id for delivery in burst]
