import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog

from core.domain.errors import DomainError
from entrypoints.bootstrap.application import open_application
from entrypoints.settings import Settings

_SWEEP_SECONDS = 5.0

_log = structlog.get_logger(__name__)


async def run_scheduler(settings: Settings) -> None:
    """Run what happens by the clock until SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with open_application(settings) as application:
        _log.info("scheduler_started")
        await repeat(application.sweep, every=_SWEEP_SECONDS, until=stopping, name="sweep")
    _log.info("scheduler_stopped")


async def repeat(
    action: Callable[[], Awaitable[object]], *, every: float, until: asyncio.Event, name: str
) -> None:
    """Do something every so many seconds until asked to stop; after a failure the next time tries again."""
    while not until.is_set():
        try:
            async with asyncio.timeout(every * 4):
                await action()
        except DomainError as error:
            _log.warning("schedule_failed", schedule=name, error=error.code)
        except Exception:  # noqa: BLE001 - the schedule goes on
            _log.exception("schedule_failed", schedule=name)
        try:
            async with asyncio.timeout(every):
                await until.wait()
        except TimeoutError:
            continue
