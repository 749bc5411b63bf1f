from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from core.application import Application
from entrypoints.bootstrap.application import token_verifier
from entrypoints.bootstrap.monitoring import open_monitored
from entrypoints.grpc_api.calls import Authentication
from entrypoints.grpc_api.envelope import Envelope
from entrypoints.grpc_api.health import Health
from entrypoints.grpc_api.services import NAMES
from entrypoints.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class GrpcParts:
    """What the gRPC server is made of."""

    application: Application
    envelope: Envelope
    health: Health


@asynccontextmanager
async def open_grpc(settings: Settings) -> AsyncIterator[GrpcParts]:
    """Build the gRPC interface on this event loop."""
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_monitored(settings))
        authentication = Authentication(
            token_verifier(settings, runtime.clock, stack), runtime.application.account.identify
        )
        yield GrpcParts(
            runtime.application,
            Envelope(authentication, runtime.metrics, runtime.alerts, runtime.traces),
            Health(NAMES, runtime.write_probe.check),
        )
