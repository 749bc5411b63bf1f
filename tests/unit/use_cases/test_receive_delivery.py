"""Receiving: durable first, then a ring."""

import asyncio

import pytest

from core.domain.deliveries.delivery import Receipt, ReceiverBusy, VerifiedDelivery
from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from ports.event_queue import DeliveryLog
from tests.support.builders.domain import EVENT, INSTALLATION, LAUNCHPAD, NOW
from tests.support.builders.webhooks import protocol, sign_headers
from tests.support.scenarios.processing import Bell, Processing, push


class SlowLog(DeliveryLog):
    """Keeps a delivery only when the test lets it, or refuses it."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.durable = asyncio.Event()
        self.refusal = refusal

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Wait, like a slow disk."""
        await self.durable.wait()
        assert delivery.body
        if self.refusal:
            raise self.refusal
        return Receipt.ACCEPTED


def a_delivery(delivery_id: bytes = b"d-1") -> VerifiedDelivery:
    """Return a verified push of the demo installation."""
    body = b'{"installation":{"id":41000001},"repository":{"id":700000001},"after":"%s"}' % delivery_id
    return protocol().verify(sign_headers(body, b"push", delivery_id), body)


async def test_stores_a_signed_delivery_and_notifies_its_lane() -> None:
    """With envelope and exact bytes, pending and due."""
    processing = Processing()
    delivery = a_delivery()
    assert await processing.receive(delivery) is Receipt.ACCEPTED
    event = processing.event("d-1")
    assert (event.status, event.next_attempt_at, event.attempts) == (EventStatus.PENDING, NOW, 0)
    assert (event.source_key, event.repo_id, event.lane) == (str(INSTALLATION), LAUNCHPAD, EVENT.lane)
    assert (event.event_type, event.source, event.payload_length) == ("push", "received", len(delivery.body))
    assert processing.database.committed.payloads[event.id] == delivery.body
    assert processing.bell.notified_lanes == [EVENT.lane]


async def test_duplicate_changes_nothing_and_notifies_nobody() -> None:
    """In any status."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    await processing.drain()
    before = processing.event(delivery)
    processing.bell.notified_lanes.clear()
    assert await processing.redeliver(delivery) is Receipt.DUPLICATE
    assert processing.event(delivery) == before
    assert processing.bell.notified_lanes == []


async def test_redelivery_retries_a_failed_event() -> None:
    """GitHub uses the same id; a worker is notified."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", b'{"installation":{"id":41000001},"ref":5}')
    await processing.drain()
    assert processing.event(delivery).status is EventStatus.FAILED
    processing.bell.notified_lanes.clear()
    assert await processing.redeliver(delivery) is Receipt.RETRIED
    assert processing.event(delivery).status is EventStatus.PENDING
    assert processing.event(delivery).attempts == 0
    assert processing.bell.notified_lanes == [EVENT.lane]


async def test_notifies_and_responds_after_the_commit() -> None:
    log, bell = SlowLog(), Bell()
    receiving = asyncio.create_task(ReceiveDelivery(log, bell)(a_delivery()))
    await asyncio.sleep(0)
    assert (receiving.done(), bell.notified_lanes) == (False, [])
    log.durable.set()
    assert await receiving is Receipt.ACCEPTED
    assert bell.notified_lanes == [EVENT.lane]


@pytest.mark.parametrize(
    "refusal", [ReceiverBusy("Too much is waiting."), StorageUnavailable("No answer.")], ids=["busy", "silent"]
)
async def test_failed_commit_is_not_acknowledged(refusal: Exception) -> None:
    """The caller gets the error, and no worker is notified."""
    log, bell = SlowLog(refusal), Bell()
    log.durable.set()
    with pytest.raises(type(refusal)):
        await ReceiveDelivery(log, bell)(a_delivery())
    assert bell.notified_lanes == []


async def test_stores_concurrent_deliveries_once() -> None:
    processing = Processing()
    receipts = await asyncio.gather(
        *(processing.receive(a_delivery(f"d-{number % 10}".encode())) for number in range(50))
    )
    assert (receipts.count(Receipt.ACCEPTED), receipts.count(Receipt.DUPLICATE)) == (10, 40)
    assert len(processing.statuses()) == 10
    assert processing.bell.notified_lanes == [EVENT.lane]  # thinned until someone answers
