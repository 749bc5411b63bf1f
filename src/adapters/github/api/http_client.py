import asyncio
import zlib
from collections.abc import Callable
from http.cookiejar import CookieJar
from importlib.metadata import version
from urllib.parse import urljoin

import httpx
import msgspec

from adapters.github.api.calls import Call, Response
from adapters.github.api.failures import Unavailable, Undecodable
from adapters.github.api.limits import Limits
from adapters.github.urls import is_same_origin

# Supported until March 2028 at least, and by every GitHub Enterprise Server in service, unlike its successor.
# https://docs.github.com/rest/about-the-rest-api/api-versions
_API_VERSION = "2022-11-28"
_HEADERS = {
    "accept": "application/vnd.github+json",
    "accept-encoding": "gzip",
    "x-github-api-version": _API_VERSION,
    "user-agent": f"crewkit-git/{version('crewkit-git')}",
}
_ENCODINGS = frozenset({"identity", "gzip"})
# https://docs.python.org/3/library/zlib.html#zlib.decompress: 16 more than the window means a gzip header.
_GZIP = zlib.MAX_WBITS | 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3
_MAX_IDLE_CONNECTIONS = 32
# GitHub closes idle connections after about a minute. A call must not use a connection that is being closed.
_KEEPALIVE_SECONDS = 15.0


Connect = Callable[[httpx.Limits], httpx.AsyncBaseTransport]
"""Returns a transport with these limits, direct or through a proxy."""


class _NoCookies(CookieJar):
    """Stores no cookies: a cookie from one person's response must not be sent for another person."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Ignore the cookies."""

    def add_cookie_header(self, request: object) -> None:
        """Add no cookies."""


class HttpClient:
    """Sends requests with limits of time and size. Its errors contain no credential and no body."""

    def __init__(self, limits: Limits, connect: Connect | None = None) -> None:
        self._total_timeout = limits.total_timeout
        self._client = httpx.AsyncClient(
            headers=_HEADERS,
            cookies=_NoCookies(),
            follow_redirects=False,
            # The total timeout limits the wait for a connection.
            timeout=httpx.Timeout(limits.read_timeout, connect=limits.connect_timeout, pool=None),
            transport=(connect or _open_direct_transport)(
                httpx.Limits(
                    max_connections=limits.max_connections,
                    max_keepalive_connections=_MAX_IDLE_CONNECTIONS,
                    keepalive_expiry=_KEEPALIVE_SECONDS,
                )
            ),
            # The settings define proxies and authorities, not the environment.
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def send(self, call: Call[object], authorization: str | None) -> Response:
        """Return the response of any status; raises `Unavailable` if it is missing or incomplete.

        Redirects are followed with the same credential, so never to another host.
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        url = call.url
        for _ in range(1 + _MAX_REDIRECTS):
            response = await self._send_once(call, url, authorization)
            location = response.headers.get("location")
            if call.method != "GET" or response.status not in _REDIRECTS or location is None:
                return response
            url = urljoin(url, location)
            if not is_same_origin(url, call.url):
                raise Unavailable("redirected to another host")
        raise Unavailable("redirect loop")

    async def _send_once(self, call: Call[object], url: str, authorization: str | None) -> Response:
        headers, content = _encode_body(call)
        if authorization is not None:
            headers["authorization"] = authorization
        try:
            async with (
                asyncio.timeout(self._total_timeout),
                self._client.stream(call.method, url, headers=headers, content=content) as response,
            ):
                body = await _read_body(response, call.max_bytes)
        except zlib.error as error:
            raise Undecodable(f"the response is not valid gzip: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        return Response(response.status_code, response.headers, body)


def _open_direct_transport(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(limits=limits, trust_env=False)


def _encode_body(call: Call[object]) -> tuple[dict[str, str], bytes | None]:
    if call.json is not None:
        return {"content-type": "application/json"}, msgspec.json.encode(call.json)
    if call.form is not None:
        # Without the header, OAuth's endpoint responds with a form.
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return headers, call.form.encode()
    return {}, None


async def _read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Return the decompressed body. Decompression is limited, so that a small body cannot fill the memory."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding not in _ENCODINGS:
        raise Undecodable(f"unsupported content encoding: {encoding}")
    decompressor = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    parts, size = [], 0
    async for raw in response.aiter_raw():
        part = decompressor.decompress(raw, max_bytes + 1 - size) if decompressor else raw
        size += len(part)
        if size > max_bytes:
            raise Undecodable(f"the response is larger than {max_bytes} bytes")
        parts.append(part)
    if decompressor and parts and not decompressor.eof:
        raise Unavailable("the response ended early")
    return b"".join(parts)
