"""The head of a response is sent with its body if both are there, and never waits for the body."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.rest.http.protocol import HttpProtocol
from entrypoints.rest.http.server_config import server_config
from entrypoints.settings.values import Address
from tests.support.servers.asgi_server import run_server

END = b"\r\n\r\n"


@asynccontextmanager
async def connect(app: ASGIApp) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an application and give a connection to it."""
    addresses: list[Address] = []

    def make(address: Address) -> uvicorn.Server:
        addresses.append(address)
        return uvicorn.Server(server_config(app, address))

    async with run_server(make), asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(addresses[0].host, addresses[0].port)
        yield reader, writer
        writer.close()


def request_bytes(method: str = "GET", *headers: str) -> bytes:
    """Return a request as it is sent."""
    return "\r\n".join([f"{method} / HTTP/1.1", "host: here", *headers, "", ""]).encode()


async def test_sends_a_response_with_one_system_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would wake the client twice."""
    written: list[bytes] = []
    made = HttpProtocol.connection_made

    def record_writes(protocol: HttpProtocol, transport: asyncio.Transport) -> None:
        send = transport.write

        def write(data: bytes) -> None:
            written.append(data)
            send(data)

        monkeypatch.setattr(transport, "write", write)
        made(protocol, transport)

    monkeypatch.setattr(HttpProtocol, "connection_made", record_writes)
    async with connect(Response(b"a" * 20_000)) as (reader, writer):
        for _ in range(2):
            writer.write(request_bytes())
            await reader.readuntil(END)
            assert await reader.readexactly(20_000) == b"a" * 20_000
    assert [len(one.partition(END)[2]) for one in written] == [20_000, 20_000]


@pytest.mark.parametrize("status", [200, 204, 304])
async def test_sends_a_response_without_a_body_at_once(status: int) -> None:
    """The next request on the same connection gets its response, too."""
    body = b"" if status != 200 else b"not sent"
    async with connect(Response(body, status)) as (reader, writer):
        for _ in range(2):
            writer.write(request_bytes("HEAD"))
            assert (await reader.readuntil(END)).startswith(f"HTTP/1.1 {status} ".encode())


async def test_sends_the_head_of_a_stream_before_its_first_event() -> None:
    """A page that waits for the head knows that it is connected."""
    happens = asyncio.Event()

    async def events() -> AsyncIterator[bytes]:
        await happens.wait()
        yield b"event"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(events())(scope, receive, send)

    async with connect(app) as (reader, writer):
        writer.write(request_bytes())
        await reader.readuntil(END)
        happens.set()
        assert await reader.readuntil(b"event\r\n")


async def test_sends_the_whole_response_before_closing() -> None:
    """The end of the connection is the end of the response."""
    async with connect(Response(b"whole")) as (reader, writer):
        writer.write(request_bytes("GET", "connection: close"))
        assert (await reader.read()).endswith(END + b"whole")


async def test_sends_the_head_before_closing_a_failed_response() -> None:
    """The application failed after its head."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        raise RuntimeError("no body")

    async with connect(app) as (reader, writer):
        writer.write(request_bytes())
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
