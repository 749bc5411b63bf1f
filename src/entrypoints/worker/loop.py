import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop that lives as long as the process, for callers that are not asynchronous.

    RQ's workers are synchronous; database connections and caches belong to one loop and should outlive a
    single job.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="event-loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._loop.is_running():
            self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T], *, seconds: float) -> T:
        """Run in the loop and return the result; after `seconds` cancel it and raise TimeoutError."""

        async def bounded() -> T:
            async with asyncio.timeout(seconds):
                return await coroutine

        return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result()
