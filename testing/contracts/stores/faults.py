import asyncio
from datetime import datetime, timedelta

from testing.builders.entities import now
from testing.contracts.world import World

QUIET = timedelta(hours=1)
NOW = now()


async def meet(world: World, fault: str = "a", at: datetime = NOW) -> bool:
    """Meet a fault and commit."""
    async with world.unit_of_work() as tx:
        is_news = await tx.faults.meet(fault, at=at, forgotten_before=at - QUIET)
        await tx.commit()
    return is_news


class FaultStoreContract:
    """What every store of faults promises."""

    async def test_a_fault_is_news_once(self, world: World) -> None:
        """Whoever meets it next is not the first; another fault is another."""
        assert [await meet(world), await meet(world), await meet(world, "b")] == [True, False, True]

    async def test_it_lasts_as_long_as_someone_meets_it(self, world: World) -> None:
        """And is news again when nobody did for a while."""
        for minutes, is_news in ((0, True), (50, False), (100, False), (161, True), (120, False)):
            assert await meet(world, at=NOW + timedelta(minutes=minutes)) is is_news

    async def test_the_next_one_after_its_end_is_news(self, world: World) -> None:
        """Ending one that never was changes nothing."""
        await meet(world)
        for fault in ("a", "never"):
            async with world.unit_of_work() as tx:
                await tx.faults.end(fault)
                await tx.commit()
        assert await meet(world)

    async def test_one_of_twenty_processes_brings_the_news(self, world: World) -> None:
        """However close together they meet it."""
        assert sum(await asyncio.gather(*(meet(world) for _ in range(20)))) == 1

    async def test_without_a_commit_it_is_still_news(self, world: World) -> None:
        """Whoever did not come to tell it has not told it."""
        async with world.unit_of_work() as tx:
            assert await tx.faults.meet("a", at=NOW, forgotten_before=NOW)
        assert await meet(world)
