import asyncio
from http import HTTPStatus
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.rest import request_ids
from entrypoints.rest.problems import MEDIA_TYPE, problem

_STATUS_LINE = b"HTTP/1.1 "
_END_OF_HEAD = b"\r\n\r\n"

_log = structlog.get_logger(__name__)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, which answers what is no HTTP at all in our form, and tells it as we tell refusals.

    The parser refuses a control character in a header before there is a request to hand to anyone.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a connection."""
        super().connection_made(_WholeAnswers(transport, self.loop))  # type: ignore[arg-type]

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, in the place of ours
        """Answer and hang up: where the next request would begin cannot be known."""
        request_id = request_ids.new_request_id()
        answer = problem(
            HTTPStatus.BAD_REQUEST,
            "request_malformed",
            "This is no HTTP request: look for a control character in a header.",
            request_id,
        )
        body = bytes(answer.body)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        _log.warning(
            "request_refused",
            reason="request_malformed",
            status=answer.status_code,
            request_id=request_id,
            client=self.client[0] if self.client else None,
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _WholeAnswers:
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

    def close(self) -> None:
        """Send what was kept, then close."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)
