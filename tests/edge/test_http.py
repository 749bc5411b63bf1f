"""What HTTP itself asks of every answer: sizes, times, methods, origins, representations."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from entrypoints.rest.http.cross_origin import CrossOrigin
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.limits import Limits
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.representations import Representations
from entrypoints.rest.http.requests import MAX_BODY_BYTES, read_body
from tests.support.scenarios.rest import API, DASHBOARD, KeptAlerts

LONG = {"data": [{"name": f"acme/repository-{number}"} for number in range(100)], "age_seconds": 1}


class Server:
    """A few paths behind all that stands before the real ones."""

    def __init__(self) -> None:
        self.content: dict[str, object] = LONG
        self.never = asyncio.Event()

    async def get(self, _: Request) -> Response:
        """Answer with the content."""
        return Response(json.dumps(self.content, separators=(",", ":")), media_type="application/json")

    async def take(self, request: Request) -> Response:
        """Return the number of sent bytes."""
        return JSONResponse({"length": len(await read_body(request, max_bytes=MAX_BODY_BYTES * 2))})

    async def hang(self, _: Request) -> Response:
        """Never answer."""
        await self.never.wait()
        raise AssertionError

    async def stream(self, _: Request) -> Response:
        """Answer with a stream that outlasts any limit."""

        async def parts() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await asyncio.sleep(0.1)
            yield b"data: 2\n\n" + b" " * 2000

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def page(self, _: Request) -> Response:
        """Answer with a page that might repeat what was asked."""
        return Response("<p>" * 1000, media_type="text/html")

    @asynccontextmanager
    async def client(self, *, seconds: float = 5.0, is_encrypted: bool = False) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client."""
        routes = [
            Route("/api/list", self.get),
            Route("/list", self.get),
            Route("/api/list", self.take, methods=["POST"]),
            Route("/api/hang", self.hang),
            Route("/api/stream", self.stream),
            Route("/api/page", self.page),
        ]
        framework = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
        framework.router.redirect_slashes = False
        limited = Limits(Representations(framework), timeout_seconds=seconds)
        app = Envelope(CrossOrigin(limited, {DASHBOARD}), KeptAlerts(), is_encrypted=is_encrypted)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=API) as client:
            client.headers.pop("accept-encoding")
            yield client


@pytest.fixture
def server() -> Server:
    """Give one."""
    return Server()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of it."""
    async with server.client() as client:
        yield client


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Check that an error has the format of all errors."""
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


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


async def test_tag_depends_on_content_and_not_on_the_clock(server: Server, client: httpx.AsyncClient) -> None:
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


async def test_never_compresses_short_responses_streams_and_pages(server: Server, client: httpx.AsyncClient) -> None:
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
    preflight_headers = {"origin": DASHBOARD, "access-control-request-method": "POST"}
    preflight = await client.options("/api/list", headers=preflight_headers)
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
        preflight_headers = {"origin": origin, "access-control-request-method": "GET"}
        answer = await client.request(method, "/api/list", headers=preflight_headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "Origin" in answer.headers["vary"]


async def test_stops_a_request_that_takes_too_long(server: Server) -> None:
    """The caller gets an error, and the work stops."""
    async with server.client(seconds=0.01) as client:
        assert_problem(await client.get("/api/hang"), 504, "request_too_slow")


async def test_rejects_a_body_that_arrives_too_slowly(server: Server) -> None:
    """The error names the caller's delay."""

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await server.never.wait()

    async with server.client(seconds=0.01) as client:
        assert_problem(await client.post("/api/list", content=trickle()), 408, "body_too_slow")


async def test_sends_a_response_that_begins_when_the_time_is_over() -> None:
    """An application that was interrupted may have started its own response."""

    async def respond_when_interrupted(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await Response("late")(scope, receive, send)

    transport = httpx.ASGITransport(Limits(respond_when_interrupted, timeout_seconds=0.01))
    async with httpx.AsyncClient(transport=transport, base_url=API) as client:
        assert (await client.get("/")).text == "late"


async def test_stream_has_no_time_limit(server: Server) -> None:
    async with server.client(seconds=0.05) as client:
        assert "data: 2" in (await client.get("/api/stream")).text


async def test_rejects_a_body_over_the_limit(client: httpx.AsyncClient) -> None:
    """With or without an announced length."""

    async def stream_body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (MAX_BODY_BYTES // 2)

    for content in (b"x" * (MAX_BODY_BYTES + 1), stream_body()):
        assert_problem(await client.post("/api/list", content=content), 413, "body_too_large")
    assert (await client.post("/api/list", content=b"x" * MAX_BODY_BYTES)).json() == {"length": MAX_BODY_BYTES}


@pytest.mark.parametrize(
    "address",
    [
        "/api/%00",
        "/api/%0d%0aset-cookie:x",
        "/api/%ff",
        "/api/%ed%a0%80",
        "/api/list?q=%00",
        "/api/list?q=%fe%ff",
        "/api/list?%00=1",
        "/api/list?q=%c3",
    ],
)
async def test_rejects_paths_that_are_not_text(client: httpx.AsyncClient, address: str) -> None:
    """The database cannot store them, and they could forge a log line."""
    assert_problem(await client.get(address), 400, "request_malformed")


@pytest.mark.parametrize("address", ["/api/list?q=gr%C3%B6%C3%9Fe", "/api/list?q=%F0%9F%9A%80", "/api/list?q=100%"])
async def test_accepts_paths_in_any_script(client: httpx.AsyncClient, address: str) -> None:
    """A single percent sign is text, too."""
    assert (await client.get(address)).status_code == 200


async def test_extra_slash_is_another_path(client: httpx.AsyncClient) -> None:
    """In each spelling."""
    for path in ("/api/list/", "/api//list", "/api/list%2F"):
        assert_problem(await client.get(path), 404, "not_found")


async def test_sends_strict_transport_security_over_https(server: Server) -> None:
    """With plain HTTP it would lock users out."""
    async with server.client(is_encrypted=True) as client:
        for path in ("/api/list", "/api/nothing"):
            headers = (await client.get(path)).headers
            assert headers["strict-transport-security"] == "max-age=63072000"
    async with server.client() as client:
        assert "strict-transport-security" not in (await client.get("/api/list")).headers
