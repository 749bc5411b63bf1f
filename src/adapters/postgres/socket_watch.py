import asyncio
from collections.abc import Awaitable, Callable
from functools import partial


class SocketWatch:
    """The event loop's watch over a connection's socket, which lasts from one answer to the next.

    To begin and to end one takes eight calls into the operating system under uvloop, half of all that a short
    statement took (`strace`). Who closes the socket, or lets the driver wait for it, ends the watch before.
    """

    __slots__ = ("_end", "_waiting")

    def __init__(self) -> None:
        self._end: Callable[[], object] | None = None
        self._waiting: asyncio.Future[None] | None = None

    def readable(self, descriptor: int) -> Awaitable[None]:
        """Return what ends when something is to be read there; for one task at a time."""
        loop = asyncio.get_running_loop()
        if self._end is None:
            loop.add_reader(descriptor, self._heard)
            self._end = partial(loop.remove_reader, descriptor)
        waiting = self._waiting = loop.create_future()
        return waiting

    def end(self) -> None:
        """Watch no more, until somebody waits again."""
        if self._end is not None:
            self._end()
            self._end = None

    def _heard(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.done():
            # Nobody reads it, so it would be heard again at every turn of the loop.
            self.end()
        else:
            waiting.set_result(None)


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
