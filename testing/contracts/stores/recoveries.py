import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState
from testing.builders.entities import PROVIDER, Fact, a_delivery, ago, now
from testing.contracts.world import World

LONG_AGO = timedelta(days=14)


def a_missing(**facts: Fact) -> MissingDelivery:
    """Return an entry of a provider's log."""
    entry = MissingDelivery(PROVIDER, str(uuid4()), 1, "push", ago(hours=1), acted_on=True)
    return replace(entry, **facts)


async def compare(world: World, *logged: MissingDelivery) -> list[MissingDelivery]:
    """Compare with the ledger and commit."""
    async with world.unit_of_work() as tx:
        new = await tx.recoveries.record_logged(logged)
        await tx.commit()
    return list(new)


async def due(world: World, *, provider: str = PROVIDER, limit: int = 100) -> list[MissingDelivery]:
    """Return what is to be asked for a little later."""
    async with world.unit_of_work() as tx:
        later = now() + timedelta(seconds=5)
        return list(await tx.recoveries.list_due(provider, now=later, limit=limit))


async def fail(world: World, *failures: FailedFetch) -> None:
    """Write down failures and commit."""
    async with world.unit_of_work() as tx:
        await tx.recoveries.record_failures(PROVIDER, failures)
        await tx.commit()


async def settle(world: World, *, keep: timedelta = LONG_AGO) -> int:
    """Drop what is over and commit."""
    async with world.unit_of_work() as tx:
        arrived = await tx.recoveries.delete_resolved(PROVIDER, forget_before=now() - keep)
        await tx.commit()
    return arrived


async def state(world: World, provider: str = PROVIDER) -> RecoveryState:
    """Return where recovery stands."""
    async with world.unit_of_work() as tx:
        return await tx.recoveries.get_state(provider)


class RecoveryStoreContract:
    """What every store of recoveries promises."""

    async def test_before_the_first_comparison_nothing_is_known(self, world: World) -> None:
        """So everything there is will be read."""
        assert await state(world) == RecoveryState()

    async def test_only_what_the_ledger_has_not_is_missing(self, world: World) -> None:
        """By id and provider, whatever became of the event."""
        kept, missing = a_missing(), a_missing()
        await world.event(delivery_id=kept.delivery_id)
        assert await compare(world, kept, missing) == [missing]
        assert await due(world) == [missing]
        assert (await state(world)).missing == 1
        elsewhere = a_missing(provider="other", delivery_id=kept.delivery_id)
        assert await compare(world, elsewhere) == [elsewhere]
        assert await due(world, provider="other") == [elsewhere]
        assert (await state(world)).missing == 1

    async def test_what_is_found_again_is_not_new(self, world: World) -> None:
        """The first attempt tells when it happened, the last is still in the log for longest."""
        first = a_missing(logged_id=5, delivered_at=ago(hours=3))
        again = replace(first, logged_id=9, delivered_at=ago(hours=1))
        older = replace(first, logged_id=2, delivered_at=ago(hours=4))
        assert await compare(world, first) == [first]
        assert await compare(world, again) == []
        assert await compare(world, older) == []
        assert await due(world) == [replace(first, logged_id=9, delivered_at=older.delivered_at)]

    async def test_those_acted_on_come_first_then_the_oldest(self, world: World) -> None:
        """At one second, as they were logged; never more than asked for."""
        at = ago(hours=1).replace(microsecond=0)
        wanted = [
            a_missing(delivered_at=at - timedelta(seconds=5), logged_id=8),
            a_missing(delivered_at=at, logged_id=3),
            a_missing(delivered_at=at, logged_id=4),
            a_missing(delivered_at=at - timedelta(hours=9), acted_on=False, event_type="star"),
        ]
        await compare(world, *wanted[::-1])
        assert await due(world) == wanted
        assert await due(world, limit=2) == wanted[:2]

    async def test_a_failed_one_waits_and_one_given_up_is_never_asked_for(self, world: World) -> None:
        """Nor is it new when the log is read again; what failed keeps count."""
        waits, again, hopeless = a_missing(), a_missing(), a_missing()
        await compare(world, waits, again, hopeless)
        await fail(
            world,
            FailedFetch(waits.delivery_id, 1, "not_visible", now() + timedelta(hours=1)),
            FailedFetch(again.delivery_id, 2, "not_visible", now()),
            FailedFetch(hopeless.delivery_id, 3, "body_not_json", None),
            FailedFetch(str(uuid4()), 1, "unknown", now()),
        )
        assert await due(world) == [replace(again, attempts=2)]
        assert await compare(world, waits, again, hopeless) == []
        assert await due(world) == [replace(again, attempts=2)]
        standing = await state(world)
        assert (standing.missing, standing.given_up) == (2, 1)

    async def test_what_has_arrived_is_missing_no_more(self, world: World) -> None:
        """By whatever way it came, even what was given up."""
        arrived, hopeless, missing = a_missing(), a_missing(), a_missing()
        await compare(world, arrived, hopeless, missing)
        await fail(world, FailedFetch(hopeless.delivery_id, 3, "not_visible", None))
        for one in (arrived, hopeless):
            await world.keep(a_delivery(delivery_id=one.delivery_id), now())
        assert await settle(world) == 2
        assert await due(world) == [missing]
        standing = await state(world)
        assert (standing.missing, standing.given_up) == (1, 0)

    async def test_what_was_given_up_is_forgotten_in_time(self, world: World) -> None:
        """Long after every log has."""
        hopeless, missing = a_missing(), a_missing()
        await compare(world, hopeless, missing)
        await fail(world, FailedFetch(hopeless.delivery_id, 3, "not_visible", None))
        assert await settle(world) == 0
        assert (await state(world)).given_up == 1
        assert await settle(world, keep=timedelta(seconds=-5)) == 0
        standing = await state(world)
        assert (standing.missing, standing.given_up) == (1, 0)

    async def test_the_marks_only_move_forward(self, world: World) -> None:
        """A look that found nothing new leaves the provider's time, and tells that it looked."""
        early, late = ago(hours=2), ago(hours=1)
        for until, at in ((None, early), (early, early), (late, late), (early, early), (None, now())):
            async with world.unit_of_work() as tx:
                await tx.recoveries.record_comparison(PROVIDER, until=until, at=at)
                await tx.commit()
        standing = await state(world)
        assert standing.compared_until == late
        assert standing.compared_at is not None
        assert standing.compared_at > late
        assert await state(world, "other") == RecoveryState()

    async def test_nothing_is_kept_without_a_commit(self, world: World) -> None:
        """So a dry run is the real one, left."""
        one = a_missing()
        async with world.unit_of_work() as tx:
            assert await tx.recoveries.record_logged([one]) == [one]
            await tx.recoveries.record_comparison(PROVIDER, until=now(), at=now())
        assert await state(world) == RecoveryState()

    async def test_processes_that_compare_at_once_find_each_once(self, world: World) -> None:
        """In whatever order each read the log."""
        logged = [a_missing() for _ in range(50)]

        async def run(number: int) -> list[MissingDelivery]:
            return await compare(world, *(logged if number % 2 else logged[::-1]))

        found = await asyncio.gather(*(run(number) for number in range(8)))
        assert sorted(one.delivery_id for new in found for one in new) == sorted(one.delivery_id for one in logged)
