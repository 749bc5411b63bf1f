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
        """Wait for the disk, so to speak."""
        await self.durable.wait()
        assert delivery.body
        if self.refusal:
            raise self.refusal
        return Receipt.ACCEPTED


def a_delivery(delivery_id: bytes = b"d-1") -> VerifiedDelivery:
    """Return a verified push of the demo installation."""
    body = b'{"installation":{"id":41000001},"repository":{"id":700000001},"after":"%s"}' % delivery_id
    return protocol().verify(sign_headers(body, b"push", delivery_id), body)


async def test_a_delivery_is_kept_as_it_was_signed_and_rings_its_lane() -> None:
    """The ledger has its envelope and its very bytes, pending and due at once."""
    processing = Processing()
    delivery = a_delivery()
    assert await processing.receive(delivery) is Receipt.ACCEPTED
    event = processing.event("d-1")
    assert (event.status, event.next_attempt_at, event.attempts) == (EventStatus.PENDING, NOW, 0)
    assert (event.source_key, event.repo_id, event.lane) == (str(INSTALLATION), LAUNCHPAD, EVENT.lane)
    assert (event.event_type, event.source, event.payload_length) == ("push", "received", len(delivery.body))
    assert processing.database.committed.payloads[event.id] == delivery.body
    assert processing.bell.rung == [EVENT.lane]


async def test_a_duplicate_changes_nothing_and_rings_nobody() -> None:
    """The same delivery id is kept once, whatever state it is in."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    await processing.drain()
    before = processing.event(delivery)
    processing.bell.rung.clear()
    assert await processing.redeliver(delivery) is Receipt.DUPLICATE
    assert processing.event(delivery) == before
    assert processing.bell.rung == []


async def test_a_redelivery_of_what_failed_here_is_a_new_chance() -> None:
    """GitHub redelivers under the same id: a failed event is pending again and someone is rung."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", b'{"installation":{"id":41000001},"ref":5}')
    await processing.drain()
    assert processing.event(delivery).status is EventStatus.FAILED
    processing.bell.rung.clear()
    assert await processing.redeliver(delivery) is Receipt.RETRIED
    assert processing.event(delivery).status is EventStatus.PENDING
    assert processing.event(delivery).attempts == 0
    assert processing.bell.rung == [EVENT.lane]


async def test_nobody_is_rung_or_answered_before_it_is_durable() -> None:
    """A ring for what is not yet there would be answered in vain."""
    log, bell = SlowLog(), Bell()
    receiving = asyncio.create_task(ReceiveDelivery(log, bell)(a_delivery()))
    await asyncio.sleep(0)
    assert (receiving.done(), bell.rung) == (False, [])
    log.durable.set()
    assert await receiving is Receipt.ACCEPTED
    assert bell.rung == [EVENT.lane]


@pytest.mark.parametrize(
    "refusal", [ReceiverBusy("Too much is waiting."), StorageUnavailable("No answer.")], ids=["busy", "silent"]
)
async def test_what_is_not_kept_is_not_acknowledged(refusal: Exception) -> None:
    """The refusal reaches the caller, and nobody is rung."""
    log, bell = SlowLog(refusal), Bell()
    log.durable.set()
    with pytest.raises(type(refusal)):
        await ReceiveDelivery(log, bell)(a_delivery())
    assert bell.rung == []


async def test_many_at_once_are_each_kept_once() -> None:
    """Overlapping redeliveries meet in the ledger."""
    processing = Processing()
    receipts = await asyncio.gather(
        *(processing.receive(a_delivery(f"d-{number % 10}".encode())) for number in range(50))
    )
    assert (receipts.count(Receipt.ACCEPTED), receipts.count(Receipt.DUPLICATE)) == (10, 40)
    assert len(processing.statuses()) == 10
    assert processing.bell.rung == [EVENT.lane]  # thinned until someone answers
