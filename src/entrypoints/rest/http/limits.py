import asyncio
import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.edge.calls import TOO_SLOW
from entrypoints.rest.http.problems import HTTP_ERRORS, problem
from entrypoints.rest.http.requests import MAX_BODY_BYTES, request_id_of

_TIMEOUT_SECONDS = 30.0

_NUL = re.compile(rb"\x00")
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x1f\x7f]")
_Problem = tuple[HTTPStatus, str, str]


class Limits:
    """Rejects requests with a large body, an invalid URL, or without a response in time.

    `HttpProtocol` limits the URL and the headers earlier. PostgreSQL cannot store NUL or incomplete
    characters, so they must not reach a query. The response of a stream has no time limit after its start.
    """

    def __init__(self, app: ASGIApp, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._app = app
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rejection = _check(scope)
        if rejection is None:
            rejection = await self._run(scope, _Body(receive), send)
        if rejection is not None:
            await problem(*rejection, request_id_of(scope))(scope, receive, send)

    async def _run(self, scope: Scope, body: "_Body", send: Send) -> _Problem | None:
        """Run the application. Return the problem if its response does not start in time."""
        try:
            async with asyncio.timeout(self._timeout_seconds) as limit:

                async def send_and_end_limit(message: Message) -> None:
                    # An expired limit cannot be changed, and the application may still send its own response.
                    if limit.when() is not None and not limit.expired():
                        limit.reschedule(None)
                    await send(message)

                await self._app(scope, body.receive, send_and_end_limit)
        except TimeoutError:
            if not limit.expired():
                raise
            if body.is_awaited:
                return HTTPStatus.REQUEST_TIMEOUT, *HTTP_ERRORS[HTTPStatus.REQUEST_TIMEOUT]
            return HTTPStatus.GATEWAY_TIMEOUT, *TOO_SLOW
        return None


class _Body:
    """The body of a request, up to `MAX_BODY_BYTES`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self.is_awaited = False

    async def receive(self) -> Message:
        """Return the next part; raises 413 if the body is too large."""
        self.is_awaited = True
        message = await self._receive()
        self.is_awaited = False
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message


def _check(scope: Scope) -> _Problem | None:
    """Return why the URL or the headers are rejected."""
    path, query, headers = scope["raw_path"], scope["query_string"], scope["headers"]
    if not (_is_text(path, without=_CONTROL_CHARACTER) and _is_text(query, without=_NUL)):
        detail = "The path or the query contains a control character, or is not percent-encoded UTF-8. Correct the URL."
        return HTTPStatus.BAD_REQUEST, "request_malformed", detail
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
            detail = "The request body is larger than 64 KB. Send a smaller body."
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail
    return None


def _is_text(part: bytes, *, without: re.Pattern[bytes]) -> bool:
    if not part.isascii():
        return False
    if b"%" not in part:
        return True
    text = unquote_to_bytes(part)
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return without.search(text) is None
