import re
import zlib
from hashlib import blake2b

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.http.operations import JSON

_Headers = dict[bytes, bytes]

_SMALLEST_COMPRESSED = 1024
# One more level costs a list of fifty repositories more time than it saves bytes.
_LEVEL = 1
_GZIP = 31  # zlib's window bits for gzip's format
_REFUSED_GZIP = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
# Changes by the clock alone: whoever has the answer can count on.
_AGE = re.compile(rb'"age_seconds":\d+')
_PRIVATE = b"private, no-cache"


class Representations:
    """Answer reads in the shortest form: "you have it already" (304), or compressed.

    Only JSON below `/api` and what is public are given a tag and compressed. A tag is weak, since it stands
    for the content however it is encoded (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1).

    Compressing tells an attacker who sees sizes whether a text they get into an answer occurs in it
    elsewhere (BREACH). So problems, which repeat what was sent, pages with forms, and streams are not
    compressed; our lists never repeat what was asked for, and no answer holds a token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        asked: _Headers = {name: value for name, value in scope["headers"] if name in _ASKED}
        held: Message | None = None

        async def send_shortest(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_representation(scope["path"], message):
                held = message
                return
            if message["type"] == "http.response.body":
                body = message.get("body", b"")
                if held is not None:
                    start, held = held, None
                    if not message.get("more_body"):
                        body = _shorten(start, body, asked)
                    await send(start)
                message = {**message, "body": b"" if scope["method"] == "HEAD" else body}
            await send(message)

        await self._app(scope, receive, send_shortest)


_ASKED = frozenset({b"accept-encoding", b"if-none-match"})


def _is_representation(path: str, start: Message) -> bool:
    if start["status"] != 200:  # noqa: PLR2004 - OK, the one that is a representation of what was asked for
        return False
    headers = dict(start["headers"])
    if b"etag" in headers:
        return False
    if headers.get(b"cache-control", b"").startswith(b"public"):
        return True
    return (
        b"cache-control" not in headers and headers.get(b"content-type") == JSON.encode() and path.startswith("/api/")
    )


def _shorten(start: Message, body: bytes, asked: _Headers) -> bytes:
    """Return the body to send, and make the start of the answer fit it."""
    headers = dict(start["headers"])
    is_private = b"cache-control" not in headers
    headers.setdefault(b"cache-control", _PRIVATE)
    headers[b"vary"] = b"Accept-Encoding, Authorization, Cookie" if is_private else b"Accept-Encoding"
    tag = headers[b"etag"] = b'W/"%s"' % blake2b(_AGE.sub(b"", body), digest_size=16).hexdigest().encode()
    if _has(asked.get(b"if-none-match", b""), tag):
        start["status"] = 304
        del headers[b"content-type"], headers[b"content-length"]
        body = b""
    elif len(body) >= _SMALLEST_COMPRESSED and _takes_gzip(asked.get(b"accept-encoding", b"")):
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        body = compressor.compress(body) + compressor.flush()
        headers |= {b"content-encoding": b"gzip", b"content-length": str(len(body)).encode()}
    start["headers"] = list(headers.items())
    return body


def _has(tags: bytes, tag: bytes) -> bool:
    """Compare weakly, as `If-None-Match` does: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2."""
    opaque = tag.removeprefix(b"W/")
    return tags.strip() == b"*" or any(one.strip().removeprefix(b"W/") == opaque for one in tags.split(b","))


def _takes_gzip(encodings: bytes) -> bool:
    return b"gzip" in encodings and not _REFUSED_GZIP.search(encodings)
