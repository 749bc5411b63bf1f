import asyncio

from testing.builders.entities import ago
from testing.contracts.world import World


class SecretUseStoreContract:
    """What every store of secrets' uses promises."""

    async def test_latest_use_is_kept(self, world: World) -> None:
        """A later use replaces an earlier one, and an earlier one changes nothing."""
        early, late = ago(hours=2), ago(hours=1)
        for uses in ({}, {"a": early, "b": late}, {"a": late}, {"b": early}):
            async with world.unit_of_work() as tx:
                await tx.secret_uses.record(uses)
                await tx.commit()
        async with world.unit_of_work() as tx:
            assert await tx.secret_uses.all() == {"a": late, "b": late}

    async def test_twenty_processes_record_at_once(self, world: World) -> None:
        """Whatever the order, the latest use of each is kept."""
        times = [ago(minutes=minutes) for minutes in range(20)]

        async def record(number: int) -> None:
            fingerprints = ("a", "b", "c") if number % 2 else ("c", "b", "a")
            async with world.unit_of_work() as tx:
                await tx.secret_uses.record(dict.fromkeys(fingerprints, times[number]))
                await tx.commit()

        await asyncio.gather(*(record(number) for number in range(20)))
        async with world.unit_of_work() as tx:
            assert await tx.secret_uses.all() == dict.fromkeys("abc", times[0])
