import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState
from testing.builders.entities import PROVIDER, Fact, build_delivery, now, time_ago
from testing.contracts.store_stage import StoreStage

LONG_AGO = timedelta(days=14)


def a_missing(**facts: Fact) -> MissingDelivery:
    """Return an entry of a provider's log."""
    entry = MissingDelivery(PROVIDER, str(uuid4()), 1, "push", time_ago(hours=1), acted_on=True)
    return replace(entry, **facts)


async def compare(stage: StoreStage, *logged: MissingDelivery) -> list[MissingDelivery]:
    """Record logged deliveries and commit."""
    async with stage.unit_of_work() as tx:
        new = await tx.recoveries.record_logged(logged)
        await tx.commit()
    return list(new)


async def due(stage: StoreStage, *, provider: str = PROVIDER, limit: int = 100) -> list[MissingDelivery]:
    """Return the deliveries that are due a little later."""
    async with stage.unit_of_work() as tx:
        later = now() + timedelta(seconds=5)
        return list(await tx.recoveries.list_due(provider, now=later, limit=limit))


async def fail(stage: StoreStage, *failures: FailedFetch) -> None:
    """Write down failures and commit."""
    async with stage.unit_of_work() as tx:
        await tx.recoveries.record_failures(PROVIDER, failures)
        await tx.commit()


async def settle(stage: StoreStage, *, keep: timedelta = LONG_AGO) -> int:
    """Drop what is over and commit."""
    async with stage.unit_of_work() as tx:
        arrived = await tx.recoveries.delete_resolved(PROVIDER, forget_before=now() - keep)
        await tx.commit()
    return arrived


async def state(stage: StoreStage, provider: str = PROVIDER) -> RecoveryState:
    """Return where recovery stands."""
    async with stage.unit_of_work() as tx:
        return await tx.recoveries.get_state(provider)


class RecoveryStoreContract:
    """What every store of recoveries promises."""

    async def test_before_the_first_comparison_nothing_is_known(self, stage: StoreStage) -> None:
        """So everything there is will be read."""
        assert await state(stage) == RecoveryState()

    async def test_only_deliveries_that_are_not_stored_are_missing(self, stage: StoreStage) -> None:
        """Deliveries are compared by id and provider, in any status of the event."""
        kept, missing = a_missing(), a_missing()
        await stage.add_event(delivery_id=kept.delivery_id)
        assert await compare(stage, kept, missing) == [missing]
        assert await due(stage) == [missing]
        assert (await state(stage)).missing == 1
        elsewhere = a_missing(provider="other", delivery_id=kept.delivery_id)
        assert await compare(stage, elsewhere) == [elsewhere]
        assert await due(stage, provider="other") == [elsewhere]
        assert (await state(stage)).missing == 1

    async def test_what_is_found_again_is_not_new(self, stage: StoreStage) -> None:
        """The first attempt gives the time. The last attempt stays in the log the longest."""
        first = a_missing(logged_id=5, delivered_at=time_ago(hours=3))
        again = replace(first, logged_id=9, delivered_at=time_ago(hours=1))
        older = replace(first, logged_id=2, delivered_at=time_ago(hours=4))
        assert await compare(stage, first) == [first]
        assert await compare(stage, again) == []
        assert await compare(stage, older) == []
        assert await due(stage) == [replace(first, logged_id=9, delivered_at=older.delivered_at)]

    async def test_those_acted_on_come_first_then_the_oldest(self, stage: StoreStage) -> None:
        """Deliveries of one second come in the order of the log, at most `limit`."""
        at = time_ago(hours=1).replace(microsecond=0)
        wanted = [
            a_missing(delivered_at=at - timedelta(seconds=5), logged_id=8),
            a_missing(delivered_at=at, logged_id=3),
            a_missing(delivered_at=at, logged_id=4),
            a_missing(delivered_at=at - timedelta(hours=9), acted_on=False, event_type="star"),
        ]
        await compare(stage, *wanted[::-1])
        assert await due(stage) == wanted
        assert await due(stage, limit=2) == wanted[:2]

    async def test_a_failed_fetch_waits_and_a_given_up_delivery_is_not_due(self, stage: StoreStage) -> None:
        """Nor is it new when the log is read again; what failed keeps count."""
        waits, again, hopeless = a_missing(), a_missing(), a_missing()
        await compare(stage, waits, again, hopeless)
        await fail(
            stage,
            FailedFetch(waits.delivery_id, 1, "not_visible", now() + timedelta(hours=1)),
            FailedFetch(again.delivery_id, 2, "not_visible", now()),
            FailedFetch(hopeless.delivery_id, 3, "body_not_json", None),
            FailedFetch(str(uuid4()), 1, "unknown", now()),
        )
        assert await due(stage) == [replace(again, attempts=2)]
        assert await compare(stage, waits, again, hopeless) == []
        assert await due(stage) == [replace(again, attempts=2)]
        standing = await state(stage)
        assert (standing.missing, standing.given_up) == (2, 1)

    async def test_what_has_arrived_is_missing_no_more(self, stage: StoreStage) -> None:
        """By whatever way it came, even what was given up."""
        arrived, hopeless, missing = a_missing(), a_missing(), a_missing()
        await compare(stage, arrived, hopeless, missing)
        await fail(stage, FailedFetch(hopeless.delivery_id, 3, "not_visible", None))
        for item in (arrived, hopeless):
            await stage.add_delivery(build_delivery(delivery_id=item.delivery_id), now())
        assert await settle(stage) == 2
        assert await due(stage) == [missing]
        standing = await state(stage)
        assert (standing.missing, standing.given_up) == (1, 0)

    async def test_what_was_given_up_is_forgotten_in_time(self, stage: StoreStage) -> None:
        """Long after every log has."""
        hopeless, missing = a_missing(), a_missing()
        await compare(stage, hopeless, missing)
        await fail(stage, FailedFetch(hopeless.delivery_id, 3, "not_visible", None))
        assert await settle(stage) == 0
        assert (await state(stage)).given_up == 1
        assert await settle(stage, keep=timedelta(seconds=-5)) == 0
        standing = await state(stage)
        assert (standing.missing, standing.given_up) == (1, 0)

    async def test_the_marks_only_move_forward(self, stage: StoreStage) -> None:
        """A comparison without a new delivery keeps the provider's time, and updates `compared_at`."""
        early, late = time_ago(hours=2), time_ago(hours=1)
        for until, at in ((None, early), (early, early), (late, late), (early, early), (None, now())):
            async with stage.unit_of_work() as tx:
                await tx.recoveries.record_comparison(PROVIDER, until=until, at=at)
                await tx.commit()
        standing = await state(stage)
        assert standing.compared_until == late
        assert standing.compared_at is not None
        assert standing.compared_at > late
        assert await state(stage, "other") == RecoveryState()

    async def test_nothing_is_kept_without_a_commit(self, stage: StoreStage) -> None:
        """So a dry run is the real one, left."""
        item = a_missing()
        async with stage.unit_of_work() as tx:
            assert await tx.recoveries.record_logged([item]) == [item]
            await tx.recoveries.record_comparison(PROVIDER, until=now(), at=now())
        assert await state(stage) == RecoveryState()

    async def test_processes_that_compare_at_once_find_each_once(self, stage: StoreStage) -> None:
        """In whatever order each read the log."""
        logged = [a_missing() for _ in range(50)]

        async def run(number: int) -> list[MissingDelivery]:
            return await compare(stage, *(logged if number % 2 else logged[::-1]))

        found = await asyncio.gather(*(run(number) for number in range(8)))
        assert sorted(item.delivery_id for new in found for item in new) == sorted(item.delivery_id for item in logged)
