"""Let the HTTP protocol answer bytes in memory, so that thousands of ways to cut them take seconds."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from entrypoints.rest.http.open_connections import ConnectionLimits, OpenConnections
from entrypoints.rest.http.protocol import HttpProtocol

_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"content-length: (\d+)\r\n")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked, and with a checksum of the body."""
    request = Request(scope, receive)
    body = await request.body()
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    said = {
        "method": scope["method"],
        "target": target.decode(),
        "headers": len(scope["headers"]),
        "body": [len(body), crc32(body)],
    }
    await Response(json.dumps(said), media_type="application/json")(scope, receive, send)


class Peer(asyncio.Transport):
    """The other end of a connection: keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.received = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        """Keep it."""
        assert not self.is_closed
        self.received += data

    def get_write_buffer_size(self) -> int:
        """Take everything at once."""
        return 0

    def can_write_eof(self) -> bool:
        """Say so."""
        return True

    def write_eof(self) -> None:
        """Expect nothing more."""
        self.is_closed = True

    def close(self) -> None:
        """Expect nothing more."""
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        """Return whether the connection has ended."""
        return self.is_closed

    def pause_reading(self) -> None:
        """Send anyway: bytes on their way still arrive."""

    def resume_reading(self) -> None:
        """Send on."""


async def exchange(pieces: Sequence[bytes]) -> tuple[list[tuple[int, Any]], bool]:
    """Send these one after the other; return each answer's status and content, and whether it hung up."""
    config = uvicorn.Config(echo, lifespan="off", log_config=None, ws="none", server_header=False)
    connections = OpenConnections(ConnectionLimits())
    protocol = HttpProtocol(config, ServerState(), {}, asyncio.get_running_loop(), open_connections=connections)
    peer = Peer()
    protocol.connection_made(peer)
    for piece in pieces:
        if piece:
            protocol.data_received(piece)
        while protocol.tasks or protocol._unparsed:
            before = len(peer.received)
            for _ in range(5):
                await asyncio.sleep(0)
            if len(peer.received) == before:
                break  # it waits for more of a body
    has_hung_up = peer.is_closed
    protocol.connection_lost(None)
    return _answers(peer.received), has_hung_up


def _answers(received: bytes) -> list[tuple[int, Any]]:
    found = []
    while received:
        head = _ANSWER.match(received)
        assert head is not None, received
        length = _LENGTH.search(head[0])
        assert length is not None
        end = head.end() + int(length[1])
        content = json.loads(received[head.end() : end])
        found.append((int(head[1]), content.get("code", content)))
        received = received[end:]
    return found
