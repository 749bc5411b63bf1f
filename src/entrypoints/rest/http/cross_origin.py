from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EXPOSED_HEADERS = b"ETag, Idempotent-Replayed, Location, Retry-After, X-Request-Id"
_ALLOWED_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"
_PREFLIGHT_SECONDS = b"600"
_READ_HEADERS = frozenset({b"origin", b"access-control-request-method"})


class CrossOrigin:
    """Lets pages of the allowed origins read responses with the session cookie (CORS).

    https://fetch.spec.whatwg.org/#http-cors-protocol. The response names the origin: `*` would let all pages
    read, and browsers reject it with a cookie. Pages of other origins get the same response, but cannot read
    it. `Authentication` decides whether they can change anything.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        request_headers = {name: value for name, value in scope["headers"] if name in _READ_HEADERS}
        origin = request_headers.get(b"origin", b"").lower()
        is_preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in request_headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                headers.append((b"vary", b"Origin"))
                if origin in self._origins:
                    headers += [
                        (b"access-control-allow-origin", origin),
                        (b"access-control-allow-credentials", b"true"),
                        (b"access-control-expose-headers", _EXPOSED_HEADERS),
                    ]
                    headers += _preflight_headers(headers) if is_preflight else []
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _preflight_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Allow the methods of the path, which the response to OPTIONS lists in `Allow`."""
    return [
        (b"access-control-allow-methods", dict(headers).get(b"allow", b"")),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
    ]
