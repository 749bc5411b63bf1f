import asyncio
import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.edge.errors import TOO_SLOW
from entrypoints.rest.http.bodies import LARGEST
from entrypoints.rest.http.problems import problem
from entrypoints.rest.http.request_ids import request_id_of

SECONDS = 30.0

_NUL = re.compile(rb"\x00")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class Limits:
    """Refuse what no operation should have to think about: too large, too slow, or no text.

    The address and the headers are bounded before they get here (`HttpProtocol`).

    PostgreSQL keeps no NUL and no half of a character, so neither may get as far as a query of ours. A stream
    has begun to answer in time and then lasts as long as its reader.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is None:
            refusal = await self._in_time(scope, _Body(receive), send)
        if refusal is not None:
            await problem(*refusal, request_id_of(scope))(scope, receive, send)

    async def _in_time(self, scope: Scope, body: "_Body", send: Send) -> tuple[HTTPStatus, str, str] | None:
        """Let the application answer; return what to say where it has not begun to in time."""
        try:
            async with asyncio.timeout(self._seconds) as limit:

                async def send_begun(message: Message) -> None:
                    # An expired limit cannot be changed, and the application may still send its own response.
                    if not limit.expired():
                        limit.reschedule(None)
                    await send(message)

                await self._app(scope, body.receive, send_begun)
        except TimeoutError:
            if not limit.expired():
                raise
            if body.is_awaited:
                return (
                    HTTPStatus.REQUEST_TIMEOUT,
                    "body_too_slow",
                    "The request body did not arrive in time. Send the request again.",
                )
            return HTTPStatus.GATEWAY_TIMEOUT, *TOO_SLOW
        return None


class _Body:
    """A request's body, of a bounded size."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self.is_awaited = False

    async def receive(self) -> Message:
        """Return the next part; raises a refusal, which the framework answers, where it is one too many."""
        self.is_awaited = True
        message = await self._receive()
        self.is_awaited = False
        self._size += len(message.get("body", b""))
        if self._size > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message


def _refusal(scope: Scope) -> tuple[HTTPStatus, str, str] | None:
    """Return why a request's first lines are refused, if they are."""
    path, query, headers = scope["raw_path"], scope["query_string"], scope["headers"]
    if not (_is_text(path, without=_CONTROL) and _is_text(query, without=_NUL)):
        detail = "The path or the query contains a control character, or is not percent-encoded UTF-8. Correct the URL."
        return HTTPStatus.BAD_REQUEST, "request_malformed", detail
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > LARGEST:
            return (
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body_too_large",
                "The request body is larger than 64 KB. Send a smaller body.",
            )
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
