import asyncio

import pytest

from ports.system import Exclusion


class ExclusionContract:
    """What everything that lets one at a time promises; `exclusion` and `other` are of two processes."""

    async def test_one_process_at_a_time_holds_a_lock(self, exclusion: Exclusion, other: Exclusion) -> None:
        """The other process gets False at once, and can hold the name afterwards."""
        async with exclusion.hold("a") as first:
            async with other.hold("a") as second, exclusion.hold("a") as third:
                assert (first, second, third) == (True, False, False)
            # A failed attempt does not release the name.
            async with other.hold("a") as again:
                assert not again
        async with other.hold("a") as after:
            assert after

    async def test_names_do_not_meet(self, exclusion: Exclusion, other: Exclusion) -> None:
        """Different names do not exclude each other."""
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
