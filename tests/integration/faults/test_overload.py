"""More comes in than storage takes: some is refused, and nothing that was promised is lost."""

import asyncio

import httpx
import psycopg

from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from testing.builders.entities import PROVIDER
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import Delivery, push
from tests.support.builders.webhooks import protocol
from tests.support.fakes.people import application_with
from tests.support.scenarios.event_store import open_events
from tests.support.scenarios.processing import Bell

PATH = "http://service/api/v1/git/github/webhooks"
CAPACITY = 20


async def test_full_queue_is_503_with_retry_after(database_url: str) -> None:
    """Accepted deliveries wait for the storage and are stored when it continues."""
    log = PostgresDeliveryLog(database_url, metrics=MemoryMetrics(), capacity=CAPACITY)
    endpoint = WebhookEndpoint(
        {PROVIDER: protocol()},
        ReceiveDelivery(log, Bell()),
        MemoryMetrics(),
        find_source_secrets=application_with().deliveries.find_source_secrets,
    )
    deliveries = [Delivery(push(number)) for number in range(CAPACITY + 5)]
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(endpoint)) as client,
        await psycopg.AsyncConnection.connect(database_url) as blocker,
    ):
        await blocker.execute("LOCK TABLE git_webhook_events IN ACCESS EXCLUSIVE MODE")
        requests = [asyncio.create_task(client.post(PATH, content=one.body, headers=one.headers)) for one in deliveries]
        done, waiting = await asyncio.wait(requests, timeout=2)
        assert [(answer.status_code, answer.json()["code"]) for answer in (task.result() for task in done)] == [
            (503, "receiver_busy")
        ] * 5
        assert all(int(task.result().headers["retry-after"]) > 0 for task in done)
        await blocker.rollback()
        answers = await asyncio.gather(*waiting)
        assert [answer.status_code for answer in answers] == [202] * CAPACITY
        again = Delivery(push(99))
        assert (await client.post(PATH, content=again.body, headers=again.headers)).status_code == 202
    await log.close()
    with open_events(database_url) as event_store:
        assert len(event_store.delivery_ids()) == CAPACITY + 1
