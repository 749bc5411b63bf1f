"""Metrics and health of the processes, and a probe of the database at their start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.connection.write_probe import WriteProbe
from core.domain.errors import DomainError
from entrypoints.bootstrap.application import Runtime, open_runtime
from entrypoints.settings.settings import Settings


@asynccontextmanager
async def open_monitored(settings: Settings) -> AsyncIterator[Runtime]:
    """Build the application, watched at `METRICS_ADDR` if that is set: `/metrics`, `/healthz`, `/readyz`.

    The event loop that does the work serves them. If it hangs, they do not respond.
    """
    async with open_runtime(settings) as runtime, probe_during(runtime.write_probe):
        if settings.metrics_addr is None:
            yield runtime
            return
        from entrypoints.bootstrap.metrics_server import serve_metrics  # noqa: PLC0415 - needs several megabytes

        async with serve_metrics(runtime, settings.metrics_addr):
            yield runtime


_INTERVAL_SECONDS = 10.0
_RETRY_SECONDS = 5.0
_STOP_TIMEOUT_SECONDS = 1.0


@asynccontextmanager
async def probe_during(probe: WriteProbe) -> AsyncIterator[None]:
    """Probe the database during the block.

    So a wrong URL or a full disk is logged at once and not with the first request. The process starts even if
    the database does not answer, since the database may start later.
    """
    probing = asyncio.create_task(_probe(probe), name="database-probe")
    try:
        yield
    finally:
        probing.cancel()
        await asyncio.wait((probing,), timeout=_STOP_TIMEOUT_SECONDS)


async def _probe(probe: WriteProbe) -> None:
    while True:
        try:
            await probe.check()
        except DomainError:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            await asyncio.sleep(_INTERVAL_SECONDS)
