import asyncio

import pytest

from ports.system import Exclusion


class ExclusionContract:
    """What everything that lets one at a time promises; `exclusion` and `other` are of two processes."""

    async def test_one_process_at_a_time_holds_a_lock(self, exclusion: Exclusion, other: Exclusion) -> None:
        """The other is told at once, and may come when the first is done."""
        async with exclusion.hold("a") as first:
            async with other.hold("a") as second, exclusion.hold("a") as third:
                assert (first, second, third) == (True, False, False)
            # One that was refused takes nothing away.
            async with other.hold("a") as again:
                assert not again
        async with other.hold("a") as after:
            assert after

    async def test_names_do_not_meet(self, exclusion: Exclusion, other: Exclusion) -> None:
        """Different work goes on side by side."""
        async with exclusion.hold("a") as first, other.hold("b") as second:
            assert (first, second) == (True, True)

    async def test_an_error_lets_go(self, exclusion: Exclusion, other: Exclusion) -> None:
        """However the work ends."""
        with pytest.raises(ValueError, match="the work failed"):
            await _fail_holding(exclusion)
        async with other.hold("a") as held:
            assert held

    async def test_one_of_twenty_holds(self, exclusion: Exclusion, other: Exclusion) -> None:
        """When all come at once."""
        arrived, everyone = [], asyncio.Event()

        async def come(number: int) -> bool:
            async with (exclusion if number % 2 else other).hold("a") as held:
                arrived.append(number)
                if len(arrived) == 20:
                    everyone.set()
                await everyone.wait()
                return held

        assert sum(await asyncio.gather(*(come(number) for number in range(20)))) == 1


async def _fail_holding(exclusion: Exclusion) -> None:
    async with exclusion.hold("a"):
        raise ValueError("the work failed")
