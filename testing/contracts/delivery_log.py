import asyncio
from collections import Counter
from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.deliveries.delivery import DeliveryIdConflict, Receipt, Source
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageUnavailable
from core.domain.events.attempt import REDELIVERY
from core.domain.events.event import EventResult, EventStatus
from ports.event_queue import DeliveryLog
from ports.events import EventFilter
from testing.builders.entities import INSTALLATION, PROVIDER, Fact, build_delivery
from testing.contracts.store_stage import StoreStage


class DeliveryLogContract:
    """What every delivery log promises. Beside `stage` it needs `log`, which appends to the same storage."""

    async def test_delivery_is_kept_whole(self, stage: StoreStage, log: DeliveryLog) -> None:
        """A delivery becomes a pending event with exactly the signed bytes."""
        delivery = build_delivery(action="opened", event_type="pull_request", source=Source.RECOVERED)
        assert await log.append(delivery) is Receipt.ACCEPTED
        event = await stage.get_event(delivery)
        assert (event.event_type, event.action, event.source) == ("pull_request", "opened", "recovered")
        assert (event.source_key, event.repo_id) == (str(INSTALLATION), "1")
        assert (event.lane, event.status, event.attempts) == (choose_lane(str(INSTALLATION)), EventStatus.PENDING, 0)
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_payload(event.id) == delivery.body

    async def test_source_keys_are_kept_as_text(self, stage: StoreStage, log: DeliveryLog) -> None:
        """Numbers and other texts, appended at once, each come back as they were."""
        keys = ("41000001", "group:7", "007", str(2**63 - 1), str(2**63), None, "Äpfel/日本")
        deliveries = [build_delivery(provider="gitlab", source_key=key) for key in keys]
        assert set(await asyncio.gather(*map(log.append, deliveries))) == {Receipt.ACCEPTED}
        events = [await stage.get_event(delivery) for delivery in deliveries]
        assert [event.source_key for event in events] == list(keys)
        assert [event.lane for event in events] == [choose_lane(key) for key in keys]

    async def test_delivery_of_nobody_is_kept(self, stage: StoreStage, log: DeliveryLog) -> None:
        """A delivery without installation, repository and action is kept too."""
        delivery = build_delivery(action=None, source_key=None, repo_id=None, body=b"{}")
        assert await log.append(delivery) is Receipt.ACCEPTED
        assert (await stage.get_event(delivery)).lane == 0

    async def test_known_delivery_is_kept_once(self, stage: StoreStage, log: DeliveryLog) -> None:
        """A delivery that comes again changes nothing; ids are a provider's own."""
        delivery = build_delivery()
        await log.append(delivery)
        event = await stage.get_event(delivery)
        assert await log.append(replace(delivery)) is Receipt.DUPLICATE
        assert await stage.get_event(delivery) == event
        assert await log.append(replace(delivery, provider="gitlab")) is Receipt.ACCEPTED

    @pytest.mark.parametrize("status", [EventStatus.FAILED, EventStatus.PROCESSED, EventStatus.PENDING])
    async def test_failed_delivery_is_tried_again(
        self, stage: StoreStage, log: DeliveryLog, status: EventStatus
    ) -> None:
        """A delivery that had failed here is pending again when it comes again; others are duplicates."""
        delivery = build_delivery()
        await log.append(delivery)
        event = await stage.get_event(delivery)
        await stage.record_results(EventResult(event.id, status, reason="why", attempts=3))
        receipt = await log.append(delivery)
        again = await stage.get_event(delivery)
        if status is EventStatus.FAILED:
            assert receipt is Receipt.RETRIED
            assert (again.status, again.attempts, again.error_message) == (EventStatus.PENDING, 0, None)
            async with stage.unit_of_work() as tx:
                attempts = await tx.event_attempts.list_by_event(event.id)
            assert [attempt.result.value for attempt in attempts] == ["failed", "pending"]
            assert [attempt.requested_by for attempt in attempts] == [None, REDELIVERY]
        else:
            assert receipt is Receipt.DUPLICATE
            assert (again.status, again.attempts, again.error_message) == (status, 3, "why")

    async def test_twenty_appends_of_one_delivery(self, stage: StoreStage, log: DeliveryLog) -> None:
        """Of equal deliveries under way at once one is accepted, and all are answered."""
        delivery = build_delivery()
        receipts = await asyncio.gather(*(log.append(replace(delivery)) for _ in range(20)))
        assert Counter(receipts) == {Receipt.ACCEPTED: 1, Receipt.DUPLICATE: 19}
        async with stage.unit_of_work() as tx:
            assert len(await tx.events.list(EventFilter(), limit=100)) == 1

    async def test_many_deliveries_at_once(self, stage: StoreStage, log: DeliveryLog) -> None:
        """Five hundred deliveries under way at once, of all sizes, are all kept, each with its own bytes."""
        deliveries = [build_delivery(body=b"x" * size, source_key=str(size)) for size in range(500)]
        receipts = await asyncio.gather(*map(log.append, deliveries))
        assert set(receipts) == {Receipt.ACCEPTED}
        for delivery in deliveries[::50]:
            event = await stage.get_event(delivery)
            async with stage.unit_of_work() as tx:
                assert await tx.events.find_payload(event.id) == delivery.body

    async def test_lost_storage_raises(self, stage: StoreStage, log: DeliveryLog) -> None:
        """A delivery that was not stored has no receipt. Sent again, it is stored."""
        await log.append(build_delivery())
        delivery = build_delivery()
        await stage.lose_storage()
        try:
            await log.append(delivery)
        except StorageUnavailable:
            await stage.restore_storage()
            await log.append(delivery)
        async with stage.unit_of_work() as tx:
            assert await tx.events.find(PROVIDER, delivery.delivery_id) is not None

    async def test_the_same_bytes_are_kept_once_whatever_their_id(self, stage: StoreStage, log: DeliveryLog) -> None:
        """The delivery id is not signed: anybody who saw a delivery can send it under a new one."""
        delivery = build_delivery(is_unique=True)
        assert await log.append(delivery) is Receipt.ACCEPTED
        replays = [replace(delivery, delivery_id=str(uuid4())) for _ in range(3)]
        assert [await log.append(replay) for replay in replays] == [Receipt.REPLAYED] * 3
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_results(
                [EventResult((await stage.get_event(delivery)).id, EventStatus.PROCESSED)]
            )
            await tx.commit()
        await stage.expire_payload(await stage.get_event(delivery))
        assert await log.append(replays[0]) is Receipt.REPLAYED
        async with stage.unit_of_work() as tx:
            assert len(await tx.events.list(EventFilter(), limit=100)) == 1

    async def test_the_same_bytes_at_once_are_kept_once(self, log: DeliveryLog) -> None:
        """However they meet in one group or in several."""
        body = b'{"ref":"refs/heads/main","after":"1"}'
        receipts = await asyncio.gather(*(log.append(build_delivery(body=body, is_unique=True)) for _ in range(20)))
        assert Counter(receipts) == {Receipt.ACCEPTED: 1, Receipt.REPLAYED: 19}

    @pytest.mark.parametrize(
        "change",
        [
            {"event_type": "create"},
            {"provider": "gitlab"},
            {"source_key": "group:7"},
            {"source_key": None},
            {"is_unique": False},
        ],
    )
    async def test_the_same_bytes_with_another_meaning_are_kept(
        self, log: DeliveryLog, change: dict[str, Fact]
    ) -> None:
        """Bytes under a wrong event name hide no genuine delivery, nor do those of another integration.

        A provider may also send the same bytes again.
        """
        delivery = build_delivery(is_unique=True)
        assert await log.append(delivery) is Receipt.ACCEPTED
        other = replace(delivery, delivery_id=str(uuid4()), **change)
        assert await log.append(other) is Receipt.ACCEPTED

    @pytest.mark.parametrize("status", EventStatus)
    async def test_a_known_id_with_another_body_is_refused(
        self, stage: StoreStage, log: DeliveryLog, status: EventStatus
    ) -> None:
        """What was received first stays, and a failed event is retried with no other body."""
        delivery = build_delivery()
        await log.append(delivery)
        event = await stage.get_event(delivery)
        await stage.record_results(EventResult(event.id, status, reason="why", attempts=3))
        settled = await stage.get_event(delivery)
        await stage.expire_payload(event)
        with pytest.raises(DeliveryIdConflict):
            await log.append(replace(delivery, body=b'{"other":1}'))
        assert await stage.get_event(delivery) == settled
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_payload(event.id) is None

    async def test_a_known_id_with_another_body_at_once_is_refused(self, log: DeliveryLog) -> None:
        """Of two concurrent deliveries one is stored, and the other raises an error."""
        delivery = build_delivery()
        results = await asyncio.gather(
            log.append(delivery), log.append(replace(delivery, body=b"{}")), return_exceptions=True
        )
        assert results[0] is Receipt.ACCEPTED
        assert isinstance(results[1], DeliveryIdConflict)

    async def test_what_the_providers_api_quotes_is_the_same_delivery(
        self, stage: StoreStage, log: DeliveryLog
    ) -> None:
        """Its bytes need not be those that were signed; an expired payload is filled with them."""
        delivery = build_delivery()
        await log.append(delivery)
        quoted = replace(delivery, body=b'{"ref": "refs/heads/main"}', source=Source.RECOVERED)
        assert await log.append(quoted) is Receipt.DUPLICATE
        event = await stage.get_event(delivery)
        await stage.record_results(EventResult(event.id, EventStatus.FAILED, reason="why", attempts=3))
        await stage.expire_payload(event)
        assert await log.append(quoted) is Receipt.RETRIED
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_payload(event.id) == quoted.body

    @pytest.mark.parametrize("status", [EventStatus.IGNORED, EventStatus.UNROUTED])
    async def test_processes_a_redelivery_of_an_event_without_effect_again(
        self, stage: StoreStage, log: DeliveryLog, status: EventStatus
    ) -> None:
        """A link or an installation may exist by now."""
        integration = await stage.add_integration()
        delivery = build_delivery()
        await log.append(delivery)
        event = await stage.get_event(delivery)
        owner = integration.id if status is EventStatus.IGNORED else None
        await stage.record_results(EventResult(event.id, status, reason="why", integration_id=owner))
        assert await log.append(delivery) is Receipt.RETRIED
        again = await stage.get_event(delivery)
        assert (again.status, again.processed_at, again.verdicts) == (EventStatus.PENDING, None, ())

    async def test_a_redelivery_of_what_is_not_the_new_owners_is_a_duplicate(
        self, stage: StoreStage, log: DeliveryLog
    ) -> None:
        """An event from before its installation was bound is not processed."""
        delivery = build_delivery()
        await log.append(delivery)
        event = await stage.get_event(delivery)
        await stage.record_results(EventResult(event.id, EventStatus.IGNORED, reason="before_binding"))
        assert await log.append(delivery) is Receipt.DUPLICATE
        assert (await stage.get_event(delivery)).status is EventStatus.IGNORED
