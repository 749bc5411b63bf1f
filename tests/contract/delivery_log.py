import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from core.domain.deliveries import Receipt, Source
from core.domain.errors import StorageUnavailable
from core.domain.events import EventStatus, Settlement
from core.domain.lanes import lane_of
from ports.delivery_log import DeliveryLog
from ports.events import EventFilter
from tests.contract.world import World
from tests.support.builders import INSTALLATION, PROVIDER, a_delivery


class DeliveryLogContract:
    """What every delivery log promises. Beside `world` it needs `log`, which appends to the same storage."""

    async def test_delivery_is_kept_whole(self, world: World, log: DeliveryLog) -> None:
        """A delivery becomes a pending event with exactly the signed bytes."""
        delivery = a_delivery(action="opened", event_type="pull_request", source=Source.RECOVERED)
        assert await log.append(delivery) is Receipt.ACCEPTED
        event = await world.seen(delivery)
        assert (event.event_type, event.action, event.source) == ("pull_request", "opened", "recovered")
        assert (event.source_key, event.repo_id) == (str(INSTALLATION), "1")
        assert (event.lane, event.status, event.attempts) == (
            lane_of(str(INSTALLATION)),
            EventStatus.PENDING,
            0,
        )
        async with world.unit_of_work() as tx:
            assert await tx.events.find_payload(event.id) == delivery.body

    async def test_source_keys_are_kept_as_text(self, world: World, log: DeliveryLog) -> None:
        """Numbers and other texts, appended at once, each come back as they were."""
        keys = ("41000001", "group:7", "007", str(2**63 - 1), str(2**63), None, "Äpfel/日本")
        deliveries = [a_delivery(provider="gitlab", source_key=key) for key in keys]
        assert set(await asyncio.gather(*map(log.append, deliveries))) == {Receipt.ACCEPTED}
        events = [await world.seen(delivery) for delivery in deliveries]
        assert [event.source_key for event in events] == list(keys)
        assert [event.lane for event in events] == [lane_of(key) for key in keys]

    async def test_delivery_of_nobody_is_kept(self, world: World, log: DeliveryLog) -> None:
        """A delivery without installation, repository and action is kept too."""
        delivery = a_delivery(action=None, source_key=None, repo_id=None, body=b"{}")
        assert await log.append(delivery) is Receipt.ACCEPTED
        assert (await world.seen(delivery)).lane == 0

    async def test_known_delivery_is_kept_once(self, world: World, log: DeliveryLog) -> None:
        """A delivery that comes again changes nothing; ids are a provider's own."""
        delivery = a_delivery()
        await log.append(delivery)
        event = await world.seen(delivery)
        assert await log.append(replace(delivery, body=b'{"other":1}')) is Receipt.DUPLICATE
        assert await world.seen(delivery) == event
        assert await log.append(replace(delivery, provider="gitlab")) is Receipt.ACCEPTED

    @pytest.mark.parametrize("status", EventStatus)
    async def test_failed_delivery_is_tried_again(
        self, world: World, log: DeliveryLog, status: EventStatus
    ) -> None:
        """A delivery that had failed here is pending again when it comes again; any other is a duplicate."""
        delivery = a_delivery()
        await log.append(delivery)
        event = await world.seen(delivery)
        await world.settle(Settlement(event.id, status, reason="why", attempts=3))
        receipt = await log.append(delivery)
        again = await world.seen(delivery)
        if status is EventStatus.FAILED:
            assert receipt is Receipt.RETRIED
            assert (again.status, again.attempts, again.error_message) == (EventStatus.PENDING, 0, None)
        else:
            assert receipt is Receipt.DUPLICATE
            assert (again.status, again.attempts, again.error_message) == (status, 3, "why")

    async def test_twenty_appends_of_one_delivery(self, world: World, log: DeliveryLog) -> None:
        """Of equal deliveries under way at once one is accepted, and all are answered."""
        delivery = a_delivery()
        receipts = await asyncio.gather(*(log.append(replace(delivery)) for _ in range(20)))
        assert Counter(receipts) == {Receipt.ACCEPTED: 1, Receipt.DUPLICATE: 19}
        async with world.unit_of_work() as tx:
            assert len(await tx.events.list(EventFilter(), limit=100)) == 1

    async def test_many_deliveries_at_once(self, world: World, log: DeliveryLog) -> None:
        """Five hundred deliveries under way at once, of all sizes, are all kept, each with its own bytes."""
        deliveries = [a_delivery(body=b"x" * size, source_key=str(size)) for size in range(500)]
        receipts = await asyncio.gather(*map(log.append, deliveries))
        assert set(receipts) == {Receipt.ACCEPTED}
        for delivery in deliveries[::50]:
            event = await world.seen(delivery)
            async with world.unit_of_work() as tx:
                assert await tx.events.find_payload(event.id) == delivery.body

    async def test_lost_storage_is_told(self, world: World, log: DeliveryLog) -> None:
        """A delivery that storage did not take is no receipt; offered again, it is kept."""
        await log.append(a_delivery())
        delivery = a_delivery()
        await world.lose_storage()
        try:
            await log.append(delivery)
        except StorageUnavailable:
            await world.restore_storage()
            await log.append(delivery)
        async with world.unit_of_work() as tx:
            assert await tx.events.find(PROVIDER, delivery.delivery_id) is not None
