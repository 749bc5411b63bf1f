"""Representations, methods and origins of all REST responses."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.scenarios.middleware import LONG, MiddlewareServer, assert_problem
from tests.support.scenarios.rest import API, DASHBOARD


@pytest.fixture
def server() -> MiddlewareServer:
    """Return a server."""
    return MiddlewareServer()


@pytest.fixture
async def client(server: MiddlewareServer) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the server."""
    async with server.client() as client:
        yield client


async def test_does_not_resend_an_unchanged_representation(client: httpx.AsyncClient) -> None:
    """304 without a body or content headers, and with the tag and its cache rules."""
    first = await client.get("/api/list")
    again = await client.get("/api/list", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Accept-Encoding, Authorization, Cookie, Origin"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers
    assert "content-length" not in again.headers


@pytest.mark.parametrize("form", ["{strong}", '"x", {weak}', '{weak} , W/"y"', "*"])
async def test_compares_tags_weakly_and_in_lists(client: httpx.AsyncClient, form: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2."""
    weak = (await client.get("/api/list")).headers["etag"]
    tags = form.format(weak=weak, strong=weak.removeprefix("W/"))
    assert (await client.get("/api/list", headers={"if-none-match": tags})).status_code == 304


@pytest.mark.parametrize("tags", ["", '"x"', "W/", 'W/"', ",,,"])
async def test_other_tags_get_the_whole_response(client: httpx.AsyncClient, tags: str) -> None:
    """Malformed tags, too."""
    assert (await client.get("/api/list", headers={"if-none-match": tags})).status_code == 200


async def test_tag_depends_on_content_and_not_on_the_clock(server: MiddlewareServer, client: httpx.AsyncClient) -> None:
    """Ages change every second."""
    first = await client.get("/api/list")
    server.content = {**LONG, "age_seconds": 2}
    older = await client.get("/api/list")
    server.content = {**LONG, "more": True}
    changed = await client.get("/api/list")

    assert first.headers["etag"] == older.headers["etag"] != changed.headers["etag"]


async def test_compresses_long_responses_on_request(client: httpx.AsyncClient) -> None:
    """Under the same tag."""
    plain = await client.get("/api/list")
    async with client.stream("GET", "/api/list", headers={"accept-encoding": "br, gzip;q=0.5"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])

    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(plain.content) / 4
    assert gzip.decompress(raw) == plain.content
    assert answer.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("encodings", ["", "identity", "gzip;q=0", "br, gzip; q=0.00, deflate"])
async def test_does_not_compress_without_a_request(client: httpx.AsyncClient, encodings: str) -> None:
    """In particular if the client excludes it."""
    answer = await client.get("/api/list", headers={"accept-encoding": encodings})
    assert "content-encoding" not in answer.headers


async def test_never_compresses_short_responses_streams_and_pages(
    server: MiddlewareServer, client: httpx.AsyncClient
) -> None:
    """A stream would stall. A page with a form may repeat input of an attacker (BREACH)."""
    server.content = {"short": True}
    for path in ("/api/list", "/api/stream", "/api/page", "/list"):
        answer = await client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers


async def test_responses_without_a_representation_are_not_cached(client: httpx.AsyncClient) -> None:
    """Errors, streams, probes."""
    for path in ("/api/nothing", "/api/stream", "/list"):
        answer = await client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_head_returns_the_headers_of_get(client: httpx.AsyncClient) -> None:
    """Without the body."""
    got, headed = await client.get("/api/list"), await client.head("/api/list")

    assert headed.content == b""
    differing = {"x-request-id"}
    assert {name: value for name, value in headed.headers.items() if name not in differing} == {
        name: value for name, value in got.headers.items() if name not in differing
    }


async def test_options_lists_the_methods(client: httpx.AsyncClient) -> None:
    """Of all routes of the path."""
    answer = await client.options("/api/list")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert_problem(await client.options("/api/nothing"), 404, "not_found")


async def test_page_of_an_allowed_origin_can_read(client: httpx.AsyncClient) -> None:
    """With its session. The response names the origin."""
    headers = {"origin": DASHBOARD, "access-control-request-method": "POST"}
    preflight = await client.options("/api/list", headers=headers)
    answer = await client.get("/api/list", headers={"origin": DASHBOARD})
    refused = await client.get("/api/nothing", headers={"origin": DASHBOARD})

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["access-control-max-age"] == "600"
    for one in (preflight, answer, refused):
        assert one.headers["access-control-allow-origin"] == DASHBOARD
        assert one.headers["access-control-allow-credentials"] == "true"
        assert "X-Request-Id" in one.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", f"{DASHBOARD}.evil.example", API])
async def test_page_of_another_origin_cannot_read(client: httpx.AsyncClient, origin: str) -> None:
    """Caches learn that the response depends on the origin."""
    for method in ("GET", "OPTIONS"):
        headers = {"origin": origin, "access-control-request-method": "GET"}
        answer = await client.request(method, "/api/list", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "Origin" in answer.headers["vary"]
