import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

_log = structlog.get_logger(__name__)

_INTERVAL_SECONDS = 2.0
_TIMEOUT_SECONDS = 1.0


class Health:
    """Reports each service as serving while the database responds.

    See https://grpc.io/docs/guides/health-checking/. The empty name is the whole server.
    """

    def __init__(self, services: Sequence[str], ready: Callable[[], Awaitable[object]]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._names = ("", *services)
        self._ready = ready
        self._published: int | None = None

    async def check(self) -> None:
        """Check the database and publish the status."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._ready()
        except Exception as error:  # noqa: BLE001 - any error means that the database is unavailable
            if self._published != HealthCheckResponse.NOT_SERVING:
                _log.warning("not_ready", dependency="database", error=f"{type(error).__name__}: {error}")
            await self._publish(HealthCheckResponse.NOT_SERVING)
        else:
            await self._publish(HealthCheckResponse.SERVING)

    async def keep_checking(self) -> None:
        """Check every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await self.check()

    async def stop(self) -> None:
        """Report all services as not serving, permanently."""
        await self.servicer.enter_graceful_shutdown()

    async def _publish(self, status: int) -> None:
        if status != self._published:
            self._published = status
            for name in self._names:
                await self.servicer.set(name, status)
