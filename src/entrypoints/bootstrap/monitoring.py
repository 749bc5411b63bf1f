"""Figures and health of the processes that have no HTTP interface of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrypoints.bootstrap.application import Runtime, open_runtime
from entrypoints.bootstrap.startup_probe import probe_during
from entrypoints.settings.settings import Settings


@asynccontextmanager
async def open_monitored(settings: Settings) -> AsyncIterator[Runtime]:
    """Build the application, watched at `METRICS_ADDR` if that is set: `/metrics`, `/healthz`, `/readyz`.

    They are answered by the event loop that does the work: one that hangs does not answer.
    """
    async with open_runtime(settings) as runtime, probe_during(runtime.write_probe):
        if settings.metrics_addr is None:
            yield runtime
            return
        from entrypoints.bootstrap.metrics_server import watched  # noqa: PLC0415 - only who is watched pays for it

        async with watched(runtime, settings.metrics_addr):
            yield runtime
