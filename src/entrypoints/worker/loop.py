import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop that lives as long as the process, for callers that are not asynchronous.

    RQ's workers are synchronous; database connections and caches belong to one loop and should outlive a
    single job.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, T], *, seconds: float) -> T:
        """Run in the loop and return the result; after `seconds` cancel it and raise TimeoutError."""

        async def run_with_timeout() -> T:
            async with asyncio.timeout(seconds):
                return await coroutine

        return asyncio.run_coroutine_threadsafe(run_with_timeout(), self._loop).result()


@contextmanager
def run_loop_thread() -> Iterator[LoopThread]:
    """Run an event loop in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="event-loop", daemon=True)
    thread.start()
    try:
        yield LoopThread(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        if not loop.is_running():
            loop.close()
