import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

_log = structlog.get_logger(__name__)

_EVERY_SECONDS = 2.0
_PATIENCE_SECONDS = 1.0


class Health:
    """Tells orchestrators of each service whether it should get calls: while the database answers.

    https://grpc.io/docs/guides/health-checking/. The empty name is the server as a whole.
    """

    def __init__(self, services: Sequence[str], ready: Callable[[], Awaitable[object]]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._names = ("", *services)
        self._ready = ready
        self._told: int | None = None

    async def check(self) -> None:
        """Ask, and tell."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._ready()
        except Exception as error:  # noqa: BLE001 - whatever it is, the database does not answer
            if self._told != HealthCheckResponse.NOT_SERVING:
                _log.warning("not_ready", dependency="database", error=f"{type(error).__name__}: {error}")
            await self._tell(HealthCheckResponse.NOT_SERVING)
        else:
            await self._tell(HealthCheckResponse.SERVING)

    async def keep_checking(self) -> None:
        """Ask again and again."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.check()

    async def stop(self) -> None:
        """Tell that no more calls should come, whatever else is told later."""
        await self.servicer.enter_graceful_shutdown()

    async def _tell(self, status: int) -> None:
        if status != self._told:
            self._told = status
            for name in self._names:
                await self.servicer.set(name, status)
