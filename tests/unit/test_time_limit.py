"""A limit breaks off what takes too long, and nothing else."""

import asyncio
from time import monotonic

import pytest

from entrypoints.edge.time_limit import TimeLimit


async def test_what_takes_too_long_is_broken_off() -> None:
    """The block ends with a `TimeoutError`, and the task goes on unharmed."""
    began = monotonic()
    with pytest.raises(TimeoutError), TimeLimit(0.01) as limit:
        await asyncio.sleep(5)
    assert limit.is_over
    await asyncio.sleep(0)
    assert monotonic() - began < 4


async def test_what_is_done_in_time_is_left_alone() -> None:
    """Nothing comes after the block, either."""
    with TimeLimit(0.02) as limit:
        await asyncio.sleep(0)
    await asyncio.sleep(0.04)
    assert not limit.is_over


async def test_a_timeout_within_is_somebody_elses() -> None:
    """It passes as it is."""
    with pytest.raises(TimeoutError, match="theirs"), TimeLimit(5) as limit:
        raise TimeoutError("theirs")
    assert not limit.is_over


async def test_an_end_that_was_asked_for_stays_one() -> None:
    """A task that is cancelled ends, even where its time was over at the same moment."""

    async def work() -> None:
        with TimeLimit(0.01):
            await asyncio.sleep(5)

    cancelled = asyncio.create_task(work())
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled

    async def work_on() -> None:
        with TimeLimit(0.01) as limit:
            try:
                await asyncio.sleep(5)
            finally:
                assert limit.is_over
                both.cancel()

    both = asyncio.create_task(work_on())
    with pytest.raises(asyncio.CancelledError):
        await both


async def test_limits_within_limits() -> None:
    """The outer one ends both, and only it says so."""
    with pytest.raises(TimeoutError), TimeLimit(0.01) as outer, TimeLimit(5) as inner:
        await asyncio.sleep(5)
    assert (outer.is_over, inner.is_over) == (True, False)


async def test_a_lifted_limit_is_none() -> None:
    """What has begun to answer takes as long as it does."""
    with TimeLimit(0.01) as limit:
        limit.lift()
        await asyncio.sleep(0.03)
    assert not limit.is_over
