"""Limits of all REST requests: time, size and valid URLs."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from entrypoints.rest.http.limits import Limits
from entrypoints.rest.http.requests import MAX_BODY_BYTES
from tests.support.scenarios.middleware import MiddlewareServer, assert_problem
from tests.support.scenarios.rest import API


@pytest.fixture
def server() -> MiddlewareServer:
    """Return a server."""
    return MiddlewareServer()


@pytest.fixture
async def client(server: MiddlewareServer) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the server."""
    async with server.client() as client:
        yield client


async def test_stops_a_request_that_takes_too_long(server: MiddlewareServer) -> None:
    """The caller gets an error, and the work stops."""
    async with server.client(seconds=0.01) as client:
        assert_problem(await client.get("/api/hang"), 504, "request_too_slow")


async def test_rejects_a_body_that_arrives_too_slowly(server: MiddlewareServer) -> None:
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


async def test_stream_has_no_time_limit(server: MiddlewareServer) -> None:
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


async def test_sends_strict_transport_security_over_https(server: MiddlewareServer) -> None:
    """With plain HTTP it would lock users out."""
    async with server.client(is_encrypted=True) as client:
        for path in ("/api/list", "/api/nothing"):
            headers = (await client.get(path)).headers
            assert headers["strict-transport-security"] == "max-age=63072000"
    async with server.client() as client:
        assert "strict-transport-security" not in (await client.get("/api/list")).headers
