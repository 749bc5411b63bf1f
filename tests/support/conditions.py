"""Wait for something to become true instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import psutil


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; fail the test if it does not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.01)


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
    """Do the same without holding up the event loop."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(0.005)


def all_ended(processes: Iterable[psutil.Process]) -> bool:
    """Return whether all of these have ended; a process that waits to be reaped has ended."""
    return all(_has_ended(process) for process in processes)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
