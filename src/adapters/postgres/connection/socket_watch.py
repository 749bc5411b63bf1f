import asyncio
import select
from collections.abc import Awaitable, Callable
from functools import partial


class SocketWatch:
    """The event loop's watch over a connection's socket, which lasts from one answer to the next.

    To begin and to end one takes eight calls into the operating system under uvloop, half of all that a short
    statement took (`strace`). Who closes the socket, or lets the driver wait for it, ends the watch before.
    """

    __slots__ = ("_end", "_trouble", "_waiting")

    def __init__(self) -> None:
        self._end: Callable[[], object] | None = None
        self._trouble = select.poll()
        self._waiting: asyncio.Future[None] | None = None

    def readable(self, descriptor: int) -> Awaitable[None]:
        """Return what ends when something is to be read there; for one task at a time."""
        loop = asyncio.get_running_loop()
        if self._end is None:
            loop.add_reader(descriptor, self._heard)
            self._end = partial(self._end_in, loop, descriptor)
            self._trouble.register(descriptor, 0)
        waiting = self._waiting = loop.create_future()
        return waiting

    def end(self) -> None:
        """Watch no more, until somebody waits again."""
        if self._end is not None:
            self._end()
            self._end = None

    def wake(self) -> None:
        """Let whoever waits look at the socket."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _heard(self) -> None:
        # Where nobody reads it, it would be heard again at every turn of the loop. Of a socket that broke
        # uvloop tells once and then never again: whoever waits for more begins another watch.
        if self._waiting is None or self._waiting.done() or self._trouble.poll(0):
            self.end()
        self.wake()

    def _end_in(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        loop.remove_reader(descriptor)
        self._trouble.unregister(descriptor)


async def writable(descriptor: int) -> None:
    """Wait until something can be written there."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(descriptor, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
