"""Figures and health of the processes that have no HTTP interface of their own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from entrypoints.bootstrap.application import Runtime, open_runtime, ping_database
from entrypoints.rest import health, metrics
from entrypoints.rest.envelope import Envelope
from entrypoints.rest.operations import routes
from entrypoints.rest.problems import EXCEPTION_HANDLERS
from entrypoints.rest.server import server_config
from entrypoints.setting_values import Address
from entrypoints.settings import Settings


@asynccontextmanager
async def open_monitored(settings: Settings) -> AsyncIterator[Runtime]:
    """Build the application, watched at `METRICS_ADDR` if that is set: `/metrics`, `/healthz`, `/readyz`.

    They are answered by the event loop that does the work: one that hangs does not answer.
    """
    async with open_runtime(settings) as runtime:
        if settings.metrics_addr is None:
            yield runtime
            return
        async with _served(_app(runtime), settings.metrics_addr):
            yield runtime


def _app(runtime: Runtime) -> ASGIApp:
    operations = [
        *health.operations({"database": partial(ping_database, runtime.database)}),
        *metrics.operations(runtime.metrics.exposition),
    ]
    return Envelope(
        Starlette(routes=routes(operations), exception_handlers=EXCEPTION_HANDLERS), runtime.alerts
    )


@asynccontextmanager
async def _served(app: ASGIApp, address: Address) -> AsyncIterator[None]:
    with socket.create_server((address.host, address.port)) as listening:
        server = _Server(server_config(app, address))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Leaves signals to the process it watches."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
