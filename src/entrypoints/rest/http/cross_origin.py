from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READABLE = b"ETag, Idempotent-Replayed, Location, Retry-After, X-Request-Id"
_SENDABLE = b"Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"
_PREFLIGHT_SECONDS = b"600"


class CrossOrigin:
    """Let pages of the origins named in the settings read our answers, with the session cookie (CORS).

    https://fetch.spec.whatwg.org/#http-cors-protocol. An origin is always answered by its own name: `*` would
    let everyone read, and browsers refuse it beside a cookie. Pages of other origins get the same answer
    without leave to read it. Whether they may change anything is `Authentication`'s to decide.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        asked = {name: value for name, value in scope["headers"] if name in _ASKED}
        origin = asked.get(b"origin", b"").lower()
        is_preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in asked

        async def send_permitted(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                headers.append((b"vary", b"Origin"))
                if origin in self._origins:
                    headers += _permission(origin)
                    headers += _preflight(headers) if is_preflight else []
            await send(message)

        await self._app(scope, receive, send_permitted)


_ASKED = frozenset({b"origin", b"access-control-request-method"})


def _permission(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _READABLE),
    ]


def _preflight(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Permit what the path answers, which the answer to OPTIONS lists."""
    return [
        (b"access-control-allow-methods", dict(headers).get(b"allow", b"")),
        (b"access-control-allow-headers", _SENDABLE),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
    ]
