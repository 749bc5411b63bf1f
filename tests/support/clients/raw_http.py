"""Write HTTP by hand, since clients refuse to send invalid requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from entrypoints.settings.values import Address

WEBHOOKS = "/api/v1/git/github/webhooks"
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The error that it contains."""
        assert self.headers["content-type"] == "application/problem+json", self
        return dict(json.loads(self.body))


class Line:
    """One connection to the API; several requests may follow each other on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes, however odd."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answer:
        """Wait for one response; raises `OSError` or `EOFError` where the connection ends first."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode("latin-1").split("\r\n")[:-2]
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(status.split()[1]), headers, body)

    async def ask(self, data: bytes) -> Answer:
        """Send a request and wait for its response."""
        await self.send(data)
        return await self.answer()

    def hang_up(self) -> None:
        """End the connection at once, whatever is under way."""
        self._writer.transport.abort()


@asynccontextmanager
async def connect(address: Address) -> AsyncIterator[Line]:
    """Connect for the length of the block."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    line = Line(reader, writer)
    try:
        yield line
    finally:
        line.hang_up()


async def ask(address: Address, data: bytes) -> Answer:
    """Send one request on a separate connection and return the response."""
    async with connect(address) as line:
        return await line.ask(data)


def request(
    headers: Mapping[str, str | bytes],
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = WEBHOOKS,
    length: int | None = None,
) -> bytes:
    """Write a request; `length` declares another length than the body has."""
    return head({**headers, "content-length": str(len(body) if length is None else length)}, method, path) + body


def build_chunked(headers: Mapping[str, str | bytes], *parts: bytes) -> bytes:
    """Write a request whose body comes in parts of no declared total."""
    return head({**headers, "transfer-encoding": "chunked"}) + b"".join(map(chunk, (*parts, b"")))


def chunk(part: bytes) -> bytes:
    """Write one part of a chunked body; an empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(part), part)


def head(headers: Mapping[str, str | bytes], method: str = "POST", path: str = WEBHOOKS) -> bytes:
    """Write everything before the body."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"host: localhost"]
    for name, value in headers.items():
        lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    return b"\r\n".join([*lines, b"", b""])
