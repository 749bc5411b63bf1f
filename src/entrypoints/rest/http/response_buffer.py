"""Bytes that the server writes to a connection."""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

_STATUS_LINE = b"HTTP/1.1 "
_END_OF_HEAD = b"\r\n\r\n"


class ResponseBuffer:
    """A transport that sends the head of a response together with its body, if both are available.

    uvicorn writes them separately, and the event loop sends each write at once: two system calls, which also wake
    the client twice, are a twentieth of the cost of a list (docs/performance.md).
    """

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all other attributes of a transport
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send the data. A head waits for the next data, or for the end of the loop's iteration."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.endswith(_END_OF_HEAD) and data.startswith(_STATUS_LINE):
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Send the buffered head, then the end of the data."""
        self._send_head()
        self._transport.write_eof()

    def close(self) -> None:
        """Send the buffered head, then close."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


def render_last_response(response: Response, request_id: str) -> bytes:
    """Return the bytes of a response after which the server closes the connection."""
    status = HTTPStatus(response.status_code)
    head = [f"HTTP/1.1 {status.value} {status.phrase}", "connection: close", f"x-request-id: {request_id}"]
    head += [f"{name}: {value}" for name, value in response.headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + bytes(response.body)
