import asyncio
import math
from functools import partial
from http import HTTPStatus
from typing import Any

import httptools
import structlog
from starlette.responses import Response
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.domain.errors import DomainError, ErrorKind
from entrypoints.edge.request_ids import new_request_id
from entrypoints.rest.http.open_connections import ConnectionLimits, OpenConnections
from entrypoints.rest.http.problems import OF_HTTP, problem, problem_of
from entrypoints.rest.http.request_meter import Malformed, RequestMeter, TooLarge
from entrypoints.rest.http.response_buffer import WholeAnswers

# The address of a request, with its query. Names and cursors are bounded well below this.
MAX_TARGET_BYTES = 8 * 1024
# After a refusal, what a caller still sends is dropped up to here: closing with unread bytes resets
# the connection, and the caller may lose the answer. After that reading stops.
_MAX_DRAINED_BYTES = 1024 * 1024

_DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP. Check the headers for control characters.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The URL is too long. Send at most 8 KB of path and query.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The request headers are too large. Send at most 32 KB, "
    "including the request line, trailers, chunk extensions and the sizes of chunks below 256 bytes.",
}

_log = structlog.get_logger(__name__)


class TooManyConnections(DomainError):
    """The server has reached its limit of open connections. Close idle connections, or try again later."""

    kind = ErrorKind.UNAVAILABLE
    code = "too_many_connections"


class _TargetTooLong(Exception):
    """The address of the request is longer than `MAX_TARGET_BYTES`."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds on what a connection may send and on how long it may wait.

    Everything but bodies is counted before the parser sees it, since the parser keeps a head of any size. The
    parser gets one part of one request at a time, so that the count of each request is exact, and at most one
    request waits while another one is processed. What cannot be processed is answered as a problem.
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
        self._refusal = b""
        self._drained_bytes = 0
        self._unsent_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a connection, or refuse it."""
        super().connection_made(WholeAnswers(transport, self.loop))  # type: ignore[arg-type]
        self._wait(self._limits.head_seconds)
        if self._open_connections.admit(self, self.loop):
            return
        request_id = new_request_id()
        error = TooManyConnections(
            "The server has reached its limit of open connections. Close idle connections, or try again later."
        )
        self._refusal = _render(problem_of(error, request_id), request_id)
        if self._open_connections.can_drain_refused:
            self._send_refusal()
        else:
            self.transport.write(self._refusal)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._open_connections.forget(self)
        self._unparsed = b""

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, unless an earlier request has to be answered first."""
        if self._refusal:
            self._drain(data)
        elif self._unparsed:
            self._keep_unparsed(self._unparsed + data)
        else:
            self._parse(data)

    def on_url(self, url: bytes) -> None:
        """Take in a part of the address."""
        self.url += url
        if len(self.url) > MAX_TARGET_BYTES:
            raise _TargetTooLong

    def on_headers_complete(self) -> None:
        """Begin to process the request."""
        super().on_headers_complete()
        self._is_head_complete = True
        # The application's own time limits apply from here on.
        self.waiting_since = math.inf

    def on_message_complete(self) -> None:
        """Tell the application that the body is complete."""
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
        elif self._refusal:
            self._send_refusal()
            return
        if self._unparsed:
            self.loop.call_soon(self._parse_kept)

    def end_overdue(self, now: float) -> None:
        """Close the connection, unless its caller is still reading an answer."""
        unsent_bytes = self.transport.get_write_buffer_size()
        if not unsent_bytes:
            self.transport.close()
        elif not self._unsent_bytes or unsent_bytes < self._unsent_bytes:
            self._unsent_bytes = unsent_bytes
            self.waiting_since, self.may_wait_seconds = now, self._limits.head_seconds
        else:
            self.transport.abort()

    def end(self) -> None:
        """Close the connection at once, whatever its caller has not read."""
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        """Start the time that the connection may wait for its caller."""
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
                    self._keep_unparsed(data[position:])
                    return
                end = meter.next_end(data, position)
                self._feed(data[position:end])
                position = end
        except TooLarge as error:
            self._refuse_too_large(data[position : error.end])
        except (httptools.HttpParserError, Malformed):
            self._refuse_malformed()

    def _parse_kept(self) -> None:
        data, self._unparsed = self._unparsed, b""
        if not self.transport.is_closing():
            self._parse(data)

    def _keep_unparsed(self, data: bytes) -> None:
        """Keep the bytes after a waiting request, and pause reading."""
        self._unparsed = data
        self.flow.pause_reading()

    def _feed(self, piece: bytes) -> None:
        """Let the parser take in one part; raises `Malformed` unless it finds the same end as the meter."""
        try:  # noqa: SIM105 - on each request, a context manager costs more
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            pass  # there is nothing to upgrade to: the request is answered as any other
        if self._meter.is_in_head:
            self._begin_body()
        elif self._is_message_complete != self._meter.is_at_end:
            raise Malformed
        if self._is_message_complete:
            self._is_head_complete = self._is_message_complete = False
            self._meter.next_request()

    def _begin_body(self) -> None:
        """Tell the meter what follows a head, as the parser has understood it."""
        if not self._is_head_complete:
            return
        if not self._meter.is_at_end:
            raise Malformed
        headers, self.headers = self.headers, []  # trailers are not added to those the application has
        if self._is_message_complete:
            return
        values = dict(headers)
        if b"transfer-encoding" in values:
            self._meter.begin_chunks()
        else:
            self._meter.begin_body(_to_length(values.get(b"content-length", b"0")))

    def _refuse_too_large(self, permitted: bytes) -> None:
        """Refuse a request, by its address if that alone is too long, however it was split into packets."""
        if self._meter.is_in_head:
            try:
                self._feed(permitted)
            except (httptools.HttpParserError, Malformed):
                self._refuse_malformed()
                return
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _refuse_malformed(self) -> None:
        """Refuse what the parser refused, which also is how `on_url` stops it."""
        is_too_long = len(self.url) > MAX_TARGET_BYTES
        self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG if is_too_long else HTTPStatus.BAD_REQUEST)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer and close, since the next request has no known beginning; earlier requests come first."""
        request_id = new_request_id()
        code, _ = OF_HTTP[status]
        self._refusal = _render(problem(status, code, _DETAILS[status], request_id), request_id)
        _log.warning(
            "request_refused",
            reason=code,
            status=status.value,
            request_id=request_id,
            client=self.client[0] if self.client else None,
        )
        if self._is_head_complete:
            self._give_up_request()
        elif self._is_processing():
            self.flow.pause_reading()
        else:
            self._send_refusal()

    def _is_processing(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _give_up_request(self) -> None:
        """End a request amid its body; an answer that has begun cannot become another one."""
        cycle = self.cycle
        if cycle.response_complete:
            self._end_response()
        elif cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._send_refusal()

    def _send_refusal(self) -> None:
        self.transport.write(self._refusal)
        self._end_response()

    def _end_response(self) -> None:
        """End the response, and close when the caller does or after `drain_seconds`."""
        self.transport.write_eof()
        self.flow.resume_reading()
        self._wait(self._limits.drain_seconds)

    def _drain(self, data: bytes) -> None:
        self._drained_bytes += len(data)
        if self._drained_bytes > _MAX_DRAINED_BYTES:
            self.flow.pause_reading()


def protocol_factory(limits: ConnectionLimits) -> Any:  # noqa: ANN401 - uvicorn takes a class, and only calls it
    """Return the factory with which a server creates the protocol of each connection."""
    return partial(HttpProtocol, open_connections=OpenConnections(limits))


def _to_length(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        raise Malformed from None


def _render(answer: Response, request_id: str) -> bytes:
    """Return the bytes of an answer after which the connection is closed."""
    status = HTTPStatus(answer.status_code)
    head = [f"HTTP/1.1 {status.value} {status.phrase}", "connection: close", f"x-request-id: {request_id}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + bytes(answer.body)
