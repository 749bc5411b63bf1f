"""Connections that wait too long are ended, those that work are not, and there are so many at most."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from entrypoints.rest.http.open_connections import ConnectionLimits
from entrypoints.rest.http.server_config import server_config
from entrypoints.settings.values import Address
from tests.support.clients.raw_http import Line, connect
from tests.support.conditions import until
from tests.support.servers.asgi_server import run_server

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
# Far less than the other limit of each test, which is far more than a loaded machine takes.
SHORT = 0.2
LONG = 600.0


@asynccontextmanager
async def serve(app: ASGIApp, limits: ConnectionLimits) -> AsyncIterator[Address]:
    """Serve an application with these limits, and give its address."""
    async with serve_with(app, limits) as server:
        yield Address(server.config.host, server.config.port)


@asynccontextmanager
async def serve_with(app: ASGIApp, limits: ConnectionLimits) -> AsyncIterator[uvicorn.Server]:
    """Serve an application with these limits, and give the server."""
    servers: list[uvicorn.Server] = []

    def make(address: Address) -> uvicorn.Server:
        servers.append(uvicorn.Server(server_config(app, address, limits)))
        return servers[0]

    async with run_server(make), asyncio.timeout(60):
        yield servers[0]


async def is_closed(line: Line) -> bool:
    """Wait until the other side has closed; return whether it said nothing before."""
    try:
        return await line._reader.read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("beginning", [b"", b"G", REQUEST[:-2], b"POST / HTTP/1.1\r\nhost: h\r\nx: "])
async def test_closes_a_connection_without_a_complete_head(beginning: bytes) -> None:
    """The first byte does not extend the limit."""
    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=LONG)
    async with serve(Response(b"whole"), limits) as address, connect(address) as line:
        await line.send(beginning)
        assert await is_closed(line)


@pytest.mark.parametrize("beginning", [b"G", REQUEST[:-2]])
async def test_second_head_has_its_own_time_limit(beginning: bytes) -> None:
    """It starts with its first byte."""
    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=LONG)
    async with serve(Response(b"whole"), limits) as address, connect(address) as line:
        assert (await line.ask(REQUEST)).body == b"whole"
        await line.send(beginning)
        assert await is_closed(line)


async def test_keeps_idle_connections_longer_than_the_limit_of_heads() -> None:
    """Load balancers keep connections for later requests."""
    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=LONG)
    async with serve(Response(b"whole"), limits) as address, connect(address) as line:
        for _ in range(2):
            assert (await line.ask(REQUEST)).body == b"whole"
            await asyncio.sleep(SHORT + 1.2)  # past the next look at all connections


async def test_closes_a_connection_after_the_idle_limit() -> None:
    """Without a response."""
    limits = ConnectionLimits(head_seconds=LONG, keep_alive_seconds=SHORT)
    async with serve(Response(b"whole"), limits) as address, connect(address) as line:
        assert (await line.ask(REQUEST)).body == b"whole"
        assert await is_closed(line)


async def test_does_not_close_a_stream() -> None:

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.7)
            yield b"part"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(parts())(scope, receive, send)

    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=SHORT)
    async with serve(app, limits) as address, connect(address) as line:
        await line.send(REQUEST)
        assert await line._reader.readuntil(b"0\r\n\r\n")
        assert await is_closed(line)


async def test_does_not_close_a_connection_while_the_application_reads() -> None:
    """The application has its own time limits."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(scope, receive).body())(scope, receive, send)

    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=LONG)
    async with serve(app, limits) as address, connect(address) as line:
        await line.send(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n")
        for _ in range(3):
            await asyncio.sleep(0.7)
            await line.send(b"b")
        assert (await line.answer()).body == b"bbb"


async def test_closes_a_connection_with_an_unread_body() -> None:
    """The response was sent before the body was complete."""
    limits = ConnectionLimits(unread_body_seconds=SHORT, keep_alive_seconds=LONG)
    async with serve(Response(b"refused", 413), limits) as address, connect(address) as line:
        await line.send(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000000\r\n\r\nbegin")
        assert (await line.answer()).status == 413
        await line.send(b"and on")
        assert await is_closed(line)


@pytest.mark.parametrize("headers", [b"", b"connection: close\r\n"])
async def test_closes_a_connection_whose_client_does_not_read(headers: bytes) -> None:
    """The connection cannot be closed before the response is sent."""
    limits = ConnectionLimits(head_seconds=SHORT, keep_alive_seconds=SHORT)
    answer = Response(b"a" * 30_000_000)
    async with serve_with(answer, limits) as server:
        with socket.create_connection((server.config.host, server.config.port)) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nhost: h\r\n" + headers + b"\r\n")
            state = server.server_state
            await until(lambda: asyncio.sleep(0, state.total_requests and not state.connections), 50)


async def test_rejects_connections_over_the_limit_and_logs_once() -> None:
    """While the open connections are busy; later ones are accepted."""
    proceed = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await proceed.wait()
        await Response(b"whole")(scope, receive, send)

    async with serve(app, ConnectionLimits(max_connections=10)) as address:
        structlog.reset_defaults()
        with capture_logs() as logs:
            async with AsyncExitStack() as stack:
                lines = [await stack.enter_async_context(connect(address)) for _ in range(10)]
                for line in lines:
                    await line.send(b"GET /busy HTTP/1.1\r\nhost: here\r\n\r\n")
                for _ in range(5):
                    async with connect(address) as refused:
                        answer = await refused.answer()
                        assert (answer.status, answer.problem["code"]) == (503, "too_many_connections")
                        assert answer.headers["x-request-id"] == answer.problem["request_id"]
                        assert int(answer.headers["retry-after"]) > 0
                        assert await is_closed(refused)
                proceed.set()
                for line in lines:
                    assert (await line.answer()).body == b"whole"
            await until(lambda: asyncio.sleep(0, len(logs) == 2))
            async with connect(address) as admitted:
                assert (await admitted.ask(REQUEST)).status == 200
        events = [(line["event"], line["limit"]) for line in logs]
        assert events == [("connections_exhausted", 10), ("connections_available", 10)]


async def test_closes_the_longest_idle_connection_to_make_room() -> None:
    """Idle clients do not keep others out, and busy connections continue."""
    async with serve(Response(b"whole"), ConnectionLimits(max_connections=3)) as address, AsyncExitStack() as stack:
        silent, half, working = [await stack.enter_async_context(connect(address)) for _ in range(3)]
        await half.send(REQUEST[:-2])
        await asyncio.sleep(1.1)  # as long as nobody is disturbed
        assert (await working.ask(REQUEST)).status == 200
        for line in (silent, half):
            async with connect(address) as other:
                assert (await other.ask(REQUEST)).status == 200
                assert await is_closed(line)
                assert (await working.ask(REQUEST)).status == 200


async def test_error_waits_for_the_running_response() -> None:
    """Responses keep the order of requests."""
    proceed = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await proceed.wait()
        await Response(b"first")(scope, receive, send)

    async with serve(app, ConnectionLimits()) as address, connect(address) as line:
        await line.send(REQUEST + b"GET / HTTP/1.1\r\nx: " + b"v" * 40_000)
        await asyncio.sleep(0.1)
        proceed.set()
        assert (await line.answer()).body == b"first"
        assert (await line.answer()).problem["code"] == "headers_too_large"
        assert await is_closed(line)


async def test_aborts_a_started_response_instead_of_adding_an_error() -> None:
    """A second head within a body would be read as content."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serve(app, ConnectionLimits()) as address, connect(address) as line:
        await line.send(b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n")
        await line._reader.readuntil(b"begun")
        await line.send(b"1;" + b"e" * 40_000)
        assert await is_closed(line)
