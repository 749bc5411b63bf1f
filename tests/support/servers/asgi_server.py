"""Serve an application in the test's own event loop, gone as soon as the test is."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn

from entrypoints.settings.values import Address


@asynccontextmanager
async def run_server(make_server: Callable[[Address], uvicorn.Server], *, port: int = 0) -> AsyncIterator[None]:
    """Run a server at a loopback address for the length of the block, on any free port unless one is named.

    Leaving waits for nobody: uvicorn's own way out sleeps twice, which a test for every row cannot afford.
    """
    # Without the protocol, asyncio leaves Nagle's algorithm on, which costs 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", port))
        server = make_server(Address(*listening.getsockname()))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listening])
        try:
            yield
        finally:
            for listener in server.servers:
                listener.close()
            for connection in list(server.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            await server.lifespan.shutdown()
