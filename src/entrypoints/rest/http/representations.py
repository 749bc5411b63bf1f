import re
import zlib
from hashlib import blake2b
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.http.operations import JSON

_Headers = dict[bytes, bytes]

_MIN_COMPRESSED_BYTES = 1024
# The next level costs a list of fifty repositories more time than its fewer bytes save.
_LEVEL = 1
_GZIP = 31  # zlib's window bits for the format of gzip
_OK = HTTPStatus.OK.value
_JSON = JSON.encode()
_GZIP_EXCLUDED = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
# This field changes with time alone. Clients can count it up.
_AGE = re.compile(rb'"age_seconds":\d+')
_PRIVATE = b"private, no-cache"
_READ_HEADERS = frozenset({b"accept-encoding", b"if-none-match"})


class Representations:
    """Sends responses to reads as 304 if the caller has them, or else compressed.

    Only JSON below `/api` and public files get an ETag and are compressed. The ETag is weak, because it is the
    same for all encodings (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1).

    The size of a compressed response can reveal whether a text that the attacker added occurs elsewhere in it
    (BREACH). So problems, which repeat parts of the request, pages with forms, and streams are not compressed.
    Lists never repeat parts of the request, and no response contains a token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        request_headers: _Headers = {name: value for name, value in scope["headers"] if name in _READ_HEADERS}
        delayed_start: Message | None = None

        async def send_representation(message: Message) -> None:
            nonlocal delayed_start
            if message["type"] == "http.response.start" and _is_representation(scope["path"], message):
                delayed_start = message
                return
            if message["type"] == "http.response.body":
                body = message.get("body", b"")
                if delayed_start is not None:
                    start, delayed_start = delayed_start, None
                    if not message.get("more_body"):
                        body = _shorten(start, body, request_headers)
                    await send(start)
                message = {**message, "body": b"" if scope["method"] == "HEAD" else body}
            await send(message)

        await self._app(scope, receive, send_representation)


def _is_representation(path: str, start: Message) -> bool:
    if start["status"] != _OK:
        return False
    headers = dict(start["headers"])
    if b"etag" in headers:
        return False
    if headers.get(b"cache-control", b"").startswith(b"public"):
        return True
    return b"cache-control" not in headers and headers.get(b"content-type") == _JSON and path.startswith("/api/")


def _shorten(start: Message, body: bytes, request_headers: _Headers) -> bytes:
    """Return the body to send, and change the status and headers of the response accordingly."""
    headers = dict(start["headers"])
    is_private = b"cache-control" not in headers
    headers.setdefault(b"cache-control", _PRIVATE)
    headers[b"vary"] = b"Accept-Encoding, Authorization, Cookie" if is_private else b"Accept-Encoding"
    etag = headers[b"etag"] = b'W/"%s"' % blake2b(_AGE.sub(b"", body), digest_size=16).hexdigest().encode()
    if _contains(request_headers.get(b"if-none-match", b""), etag):
        start["status"] = HTTPStatus.NOT_MODIFIED.value
        del headers[b"content-type"], headers[b"content-length"]
        body = b""
    elif len(body) >= _MIN_COMPRESSED_BYTES and _accepts_gzip(request_headers.get(b"accept-encoding", b"")):
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        body = compressor.compress(body) + compressor.flush()
        headers |= {b"content-encoding": b"gzip", b"content-length": str(len(body)).encode()}
    start["headers"] = list(headers.items())
    return body


def _contains(etags: bytes, etag: bytes) -> bool:
    """Compare weakly, as `If-None-Match` requires: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2."""
    opaque = etag.removeprefix(b"W/")
    return etags.strip() == b"*" or any(tag.strip().removeprefix(b"W/") == opaque for tag in etags.split(b","))


def _accepts_gzip(encodings: bytes) -> bool:
    return b"gzip" in encodings and not _GZIP_EXCLUDED.search(encodings)
