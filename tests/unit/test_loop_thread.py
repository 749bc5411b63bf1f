import asyncio
import threading

import pytest

from entrypoints.worker.loop import run_loop_thread


async def _current_loop_and_thread() -> tuple[asyncio.AbstractEventLoop, str]:
    return asyncio.get_running_loop(), threading.current_thread().name


def test_runs_coroutines_in_one_loop_until_the_block_ends() -> None:
    with run_loop_thread() as loop:
        first, thread = loop.run(_current_loop_and_thread(), seconds=5)
        second, _ = loop.run(_current_loop_and_thread(), seconds=5)
        assert first is second
        assert thread == "event-loop"
    assert first.is_closed()
    assert "event-loop" not in {thread.name for thread in threading.enumerate()}


def test_cancels_a_coroutine_that_takes_too_long() -> None:
    with run_loop_thread() as loop, pytest.raises(TimeoutError):
        loop.run(asyncio.sleep(5), seconds=0.01)
