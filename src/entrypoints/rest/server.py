import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn
import uvloop

from entrypoints.bootstrap.rest import open_rest
from entrypoints.process.limits import freeze_existing_objects, raise_descriptor_limit
from entrypoints.process.listeners import format_addresses, listen
from entrypoints.rest.http.open_connections import ConnectionLimits
from entrypoints.rest.http.server_config import server_config
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings

_log = structlog.get_logger(__name__)


def run_api(settings: Settings) -> None:
    """Serve REST and webhooks until SIGTERM or Ctrl-C. Then respond to open requests and stop."""
    raise_descriptor_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


class _Server(uvicorn.Server):
    """A server that returns after a signal. uvicorn raises the signal again, so that nothing would be closed."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to stop."""
        self._on_stop()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _serve(settings: Settings) -> None:
    sockets = listen(settings.http_addr, f"{PREFIX}HTTP_ADDR")
    async with open_rest(settings) as rest:
        limits = ConnectionLimits(settings.http_max_connections, settings.http_keep_alive_seconds)
        server = _Server(server_config(rest.app, settings.http_addr, limits), on_stop=rest.end_streams)
        freeze_existing_objects()
        _log.info("api_started", address=format_addresses(sockets))
        await server.serve(sockets=sockets)
    _log.info("api_stopped")
