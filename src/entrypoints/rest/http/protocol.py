import asyncio
import math
from http import HTTPStatus
from typing import Any

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.domain.errors import DomainError, ErrorKind
from entrypoints.edge.calls import new_request_id
from entrypoints.rest.http.open_connections import OpenConnections
from entrypoints.rest.http.problems import HTTP_ERRORS, problem, problem_of
from entrypoints.rest.http.request_meter import Malformed, RequestMeter, TooLarge
from entrypoints.rest.http.response_buffer import ResponseBuffer, render_last_response

# The path and query of a request. Names and cursors are much shorter.
MAX_TARGET_BYTES = 8 * 1024
# After an early response, further bytes of the caller are read and dropped up to this limit: closing a connection
# with unread bytes resets it, and the caller may lose the response.
_MAX_DRAINED_BYTES = 1024 * 1024

_DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP. Check the headers for control characters.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The URL is too long. Send at most 8 KB of path and query.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The request headers are too large. Send at most 32 KB, "
    "including the request line, trailers, chunk extensions and the sizes of chunks below 256 bytes.",
}

_log = structlog.get_logger(__name__)


class TooManyConnections(DomainError):
    """The limit of open connections is reached, and all are in use. Close unneeded streams, or try again later."""

    kind = ErrorKind.UNAVAILABLE
    code = "too_many_connections"

    def __init__(self) -> None:
        super().__init__(self.documentation())


class _TargetTooLong(Exception):
    """The path and query are longer than `MAX_TARGET_BYTES`."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits for the size of heads and for waiting.

    All bytes except bodies are counted before they are parsed, because the parser buffers heads of any size. The
    parser gets one part of one request at a time, so that the count is exact, and at most one request waits
    while another one is processed. The response to an invalid request is a problem.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        open_connections: OpenConnections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._open_connections = open_connections
        self._limits = open_connections.limits
        self.waiting_since = math.inf
        self.may_wait_seconds = math.inf
        self._meter = RequestMeter()
        self._is_idle = False
        self._is_head_complete = False
        self._is_message_complete = False
        self.url = b""
        self._unparsed = b""
        self._last_response = b""
        self._drained_bytes = 0
        self._unsent_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to serve the connection, or reject it."""
        super().connection_made(ResponseBuffer(transport, self.loop))  # type: ignore[arg-type]
        self._wait(self._limits.head_seconds)
        if self._open_connections.admit(self, self.loop):
            return
        request_id = new_request_id()
        self._last_response = render_last_response(problem_of(TooManyConnections(), request_id), request_id)
        if self._open_connections.can_drain_rejected:
            self._send_last_response()
        else:
            self.transport.write(self._last_response)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._open_connections.forget(self)
        self._unparsed = b""

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, unless an earlier request is waiting."""
        if self._last_response:
            self._drain(data)
        elif self._unparsed:
            self._pause_parsing(self._unparsed + data)
        else:
            self._parse(data)

    def on_url(self, url: bytes) -> None:
        """Append a part of the URL."""
        self.url += url
        if len(self.url) > MAX_TARGET_BYTES:
            raise _TargetTooLong

    def on_headers_complete(self) -> None:
        """Start to process the request."""
        super().on_headers_complete()
        self._is_head_complete = True
        # From here on, the time limits of the application apply.
        self.waiting_since = math.inf

    def on_message_complete(self) -> None:
        """Wake the application: the body is complete."""
        self._is_message_complete = True
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Continue with the next request, or wait for it."""
        self.server_state.total_requests += 1
        self._wait_for_next_request()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._is_idle, self.waiting_since = False, math.inf
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._last_response:
            self._send_last_response()
            return
        if self._unparsed:
            self.loop.call_soon(self._parse_rest)

    def end_overdue(self, now: float) -> None:
        """Close the connection, unless its caller is still reading a response."""
        unsent_bytes = self.transport.get_write_buffer_size()
        if not unsent_bytes:
            self.transport.close()
        elif not self._unsent_bytes or unsent_bytes < self._unsent_bytes:
            self._unsent_bytes = unsent_bytes
            self.waiting_since, self.may_wait_seconds = now, self._limits.head_seconds
        else:
            self.transport.abort()

    def end(self) -> None:
        """Close the connection at once, even if the caller has not read the response."""
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        """Start to wait for the caller."""
        self.waiting_since, self.may_wait_seconds = self.loop.time(), seconds

    def _wait_for_next_request(self) -> None:
        meter, limits = self._meter, self._limits
        self._is_idle = meter.is_between_requests
        if self._is_idle:
            self._wait(limits.keep_alive_seconds)
        else:
            self._wait(limits.head_seconds if meter.is_in_head else limits.unread_body_seconds)

    def _parse(self, data: bytes) -> None:
        meter, position = self._meter, 0
        if self._is_idle:
            self._is_idle = False
            self._wait(self._limits.head_seconds)
        try:
            while position < len(data):
                if self.pipeline:
                    self._pause_parsing(data[position:])
                    return
                end = meter.next_end(data, position)
                self._feed(data[position:end])
                position = end
        except TooLarge as error:
            self._reject_too_large(data[position : error.end])
        except (httptools.HttpParserError, Malformed):
            self._reject_malformed()

    def _parse_rest(self) -> None:
        data, self._unparsed = self._unparsed, b""
        if not self.transport.is_closing():
            self._parse(data)

    def _pause_parsing(self, data: bytes) -> None:
        """Keep the bytes after a waiting request, and pause reading."""
        self._unparsed = data
        self.flow.pause_reading()

    def _feed(self, piece: bytes) -> None:
        """Parse one part; raises `Malformed` unless the parser and the meter agree on its end."""
        try:  # noqa: SIM105 - on each request, a context manager costs more
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            pass  # No upgrade is supported. The request is processed like any other.
        if self._meter.is_in_head:
            self._begin_body()
        elif self._is_message_complete != self._meter.is_at_end:
            raise Malformed
        if self._is_message_complete:
            self._is_head_complete = self._is_message_complete = False
            self._meter.next_request()

    def _begin_body(self) -> None:
        """Pass the kind and the length of the body from the parser to the meter."""
        if not self._is_head_complete:
            return
        if not self._meter.is_at_end:
            raise Malformed
        headers, self.headers = self.headers, []  # so that trailers are not added to the headers
        if self._is_message_complete:
            return
        values = dict(headers)
        if b"transfer-encoding" in values:
            self._meter.begin_chunks()
        else:
            try:
                self._meter.begin_body(int(values.get(b"content-length", b"0")))
            except ValueError:
                raise Malformed from None

    def _reject_too_large(self, permitted: bytes) -> None:
        """Reject the request because of a long URL, or else its headers, however the bytes were split into packets."""
        if self._meter.is_in_head:
            try:
                self._feed(permitted)
            except (httptools.HttpParserError, Malformed):
                self._reject_malformed()
                return
        self._reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _reject_malformed(self) -> None:
        """Reject a request that the parser rejected. `on_url` also stops the parser in this way."""
        is_too_long = len(self.url) > MAX_TARGET_BYTES
        self._reject(HTTPStatus.REQUEST_URI_TOO_LONG if is_too_long else HTTPStatus.BAD_REQUEST)

    def _reject(self, status: HTTPStatus) -> None:
        """Send a last response after those to earlier requests. The start of a next request is unknown."""
        request_id = new_request_id()
        code, _ = HTTP_ERRORS[status]
        self._last_response = render_last_response(problem(status, code, _DETAILS[status], request_id), request_id)
        _log.warning(
            "request_refused",
            reason=code,
            status=status.value,
            request_id=request_id,
            client=self.client[0] if self.client else None,
        )
        if self._is_head_complete:
            self._end_request()
        elif self._is_processing():
            self.flow.pause_reading()
        else:
            self._send_last_response()

    def _is_processing(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _end_request(self) -> None:
        """End a request within its body. A response that has started cannot be replaced."""
        cycle = self.cycle
        if cycle.response_complete:
            self._end_response()
        elif cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._send_last_response()

    def _send_last_response(self) -> None:
        self.transport.write(self._last_response)
        self._end_response()

    def _end_response(self) -> None:
        """Send the end of the data. Close when the caller closes, or after `drain_seconds`."""
        self.transport.write_eof()
        self.flow.resume_reading()
        self._wait(self._limits.drain_seconds)

    def _drain(self, data: bytes) -> None:
        self._drained_bytes += len(data)
        if self._drained_bytes > _MAX_DRAINED_BYTES:
            self.flow.pause_reading()
