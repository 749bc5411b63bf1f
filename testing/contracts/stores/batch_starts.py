from uuid import uuid4

from core.domain.identifiers import EventId
from ports.event_queue import UnfinishedBatch
from testing.contracts.store_stage import StoreStage

LANE = 7
FIRST, SECOND = [EventId(1), EventId(2)], [EventId(3)]


class BatchStartContract:
    """What every store of batch starts promises."""

    async def test_a_start_is_kept_whatever_becomes_of_its_transaction(self, stage: StoreStage) -> None:
        """A process that ends leaves its record behind, for the next drain of the lane."""
        drain = uuid4()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE, FIRST, drain_id=drain) is None
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4()) == UnfinishedBatch(
                drain, tuple(FIRST)
            )

    async def test_another_drain_changes_nothing_before_the_end_is_recorded(self, stage: StoreStage) -> None:
        """However often it comes; other lanes are free."""
        drain = uuid4()
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_start(LANE, FIRST, drain_id=drain)
        for _ in range(2):
            async with stage.unit_of_work() as tx:
                unfinished = await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4())
            assert unfinished == UnfinishedBatch(drain, tuple(FIRST))
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE + 1, SECOND, drain_id=uuid4()) is None

    async def test_an_end_is_kept_with_its_transaction(self, stage: StoreStage) -> None:
        """It counts only if the batch's effects do."""
        drain = uuid4()
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_start(LANE, FIRST, drain_id=drain)
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_end(LANE, drain_id=drain)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4()) is not None
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_end(LANE, drain_id=drain)
            await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4()) is None

    async def test_only_the_own_end_is_recorded(self, stage: StoreStage) -> None:
        """A drain that lost the lane does not end another drain's batch. Without a start, nothing happens."""
        drain = uuid4()
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_end(LANE, drain_id=drain)
            await tx.commit()
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_start(LANE, FIRST, drain_id=drain)
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_batch_end(LANE, drain_id=uuid4())
            await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4()) is not None

    async def test_a_drain_starts_one_batch_after_the_other(self, stage: StoreStage) -> None:
        """A batch that failed in a living process is run again in parts by the same drain."""
        drain = uuid4()
        for event_ids in (FIRST, SECOND, FIRST):
            async with stage.unit_of_work() as tx:
                assert await tx.event_queue.record_batch_start(LANE, event_ids, drain_id=drain) is None
        async with stage.unit_of_work() as tx:
            unfinished = await tx.event_queue.record_batch_start(LANE, SECOND, drain_id=uuid4())
        assert unfinished == UnfinishedBatch(drain, tuple(FIRST))

    async def test_an_event_is_found_by_its_number(self, stage: StoreStage) -> None:
        """Which is what a record of a batch has."""
        event = await stage.add_event()
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_by_id(event.id) == event
            assert await tx.events.find_by_id(EventId(event.id + 1000)) is None
