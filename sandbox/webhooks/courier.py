import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import httpx

from sandbox.sandbox import Sandbox
from sandbox.state.deliveries import Delivery
from sandbox.webhooks.emit import delete_old_deliveries

_SENDERS = 16
_LONGEST_RESPONSE = 10_000


@asynccontextmanager
async def deliver_webhooks(sandbox: Sandbox) -> AsyncIterator[None]:
    """Send the deliveries of the outbox during the block, several concurrently and each once."""
    async with httpx.AsyncClient(trust_env=False, verify=_load_trusted_certificates()) as client:
        senders = [asyncio.create_task(_send_all(sandbox, client)) for _ in range(_SENDERS)]
        try:
            yield
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)


@cache
def _load_trusted_certificates() -> ssl.SSLContext:
    """Load the certificates of the system once, because it is slow. A tunnel to a service can need them."""
    return ssl.create_default_context()


async def _send_all(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    queue = sandbox.outbox.waiting
    while True:
        delivery = await queue.get()
        try:
            await _send(sandbox, client, delivery)
        finally:
            sandbox.changes += 1
            delete_old_deliveries(sandbox)
            queue.task_done()


async def _send(sandbox: Sandbox, client: httpx.AsyncClient, delivery: Delivery) -> None:
    delivery.delivered_at = sandbox.now()
    started_at = time.monotonic()
    try:
        async with asyncio.timeout(sandbox.behaviour.delivery_timeout):
            response = await client.post(delivery.url, content=delivery.body, headers=delivery.headers, timeout=None)
    except TimeoutError:
        delivery.status = "timed out"
    except (httpx.HTTPError, httpx.InvalidURL):
        delivery.status = "failed to connect to host"
    else:
        delivery.status = "OK" if response.is_success else f"Invalid HTTP Response: {response.status_code}"
        delivery.status_code = response.status_code
        delivery.response_headers = dict(response.headers)
        delivery.response_body = response.text[:_LONGEST_RESPONSE]
    delivery.duration = round(time.monotonic() - started_at, 2)
