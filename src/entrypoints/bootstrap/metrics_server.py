"""The server at `METRICS_ADDR`. It is imported only if that is set, because it needs several megabytes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from entrypoints.bootstrap.application import Runtime
from entrypoints.process.listeners import format_addresses, listen
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.operations import routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.server_config import server_config
from entrypoints.rest.resources import monitoring
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.values import Address

_log = structlog.get_logger(__name__)


def _app(runtime: Runtime) -> ASGIApp:
    operations = [
        *monitoring.health_operations(runtime.readiness),
        *monitoring.metrics_operations(runtime.metrics.exposition),
    ]
    return Envelope(Starlette(routes=routes(operations), exception_handlers=EXCEPTION_HANDLERS), runtime.alerts)


@asynccontextmanager
async def serve_metrics(runtime: Runtime, address: Address) -> AsyncIterator[None]:
    """Serve until the block ends, on this event loop; raises `CannotStart`."""
    listening = listen(address, f"{PREFIX}METRICS_ADDR")
    _log.info("metrics_started", address=format_addresses(listening))
    server = _Server(server_config(_app(runtime), address))
    serving = asyncio.create_task(server.serve(sockets=listening))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield
