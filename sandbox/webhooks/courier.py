import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import httpx

from sandbox.sandbox import Sandbox
from sandbox.state.deliveries import Delivery
from sandbox.webhooks.emit import forget_old_deliveries

_SENDERS = 16
_LONGEST_RESPONSE = 10_000


@asynccontextmanager
async def courier(sandbox: Sandbox) -> AsyncIterator[None]:
    """Send what waits in the outbox, several at once and each once, for the length of the block."""
    async with httpx.AsyncClient(trust_env=False, verify=_trust()) as client:
        senders = [asyncio.create_task(_send_all(sandbox, client)) for _ in range(_SENDERS)]
        try:
            yield
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)


@cache
def _trust() -> ssl.SSLContext:
    """Trust whom the system trusts; reading that takes long, and a tunnel to a service may need it."""
    return ssl.create_default_context()


async def _send_all(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    waiting = sandbox.outbox.waiting
    while True:
        delivery = await waiting.get()
        try:
            await _send(sandbox, client, delivery)
        finally:
            sandbox.changes += 1
            forget_old_deliveries(sandbox)
            waiting.task_done()


async def _send(sandbox: Sandbox, client: httpx.AsyncClient, delivery: Delivery) -> None:
    delivery.delivered_at = sandbox.now()
    began = time.monotonic()
    try:
        async with asyncio.timeout(sandbox.behaviour.delivery_timeout):
            answer = await client.post(delivery.url, content=delivery.body, headers=delivery.headers, timeout=None)
    except TimeoutError:
        delivery.status = "timed out"
    except (httpx.HTTPError, httpx.InvalidURL):
        delivery.status = "failed to connect to host"
    else:
        delivery.status = "OK" if answer.is_success else f"Invalid HTTP Response: {answer.status_code}"
        delivery.status_code = answer.status_code
        delivery.response_headers = dict(answer.headers)
        delivery.response_body = answer.text[:_LONGEST_RESPONSE]
    delivery.duration = round(time.monotonic() - began, 2)
