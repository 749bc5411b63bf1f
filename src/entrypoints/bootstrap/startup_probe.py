import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.connection.write_probe import WriteProbe
from core.domain.errors import DomainError

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
