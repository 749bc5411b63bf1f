import asyncio
from typing import Any

_STATUS_LINE = b"HTTP/1.1 "
_END_OF_HEAD = b"\r\n\r\n"


class WholeAnswers:
    """A connection that sends the head of an answer with its body, where both are there at once.

    uvicorn writes them by themselves and the event loop sends at once what is written: two calls to the
    system, and a client woken twice, are a twentieth of what a list costs (docs/performance.md).
    """

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, or keep a head until what follows it or until the loop's turn ends, whichever is first."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.endswith(_END_OF_HEAD) and data.startswith(_STATUS_LINE):
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Send what was kept, then say that nothing follows."""
        self._send_head()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what was kept, then close."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)
