import asyncio
import signal
from dataclasses import dataclass

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from core.application import Application
from entrypoints.bootstrap.grpc_api import open_grpc
from entrypoints.grpc_api.envelope import Envelope
from entrypoints.grpc_api.health import Health
from entrypoints.grpc_api.services import NAMES, add_services
from entrypoints.process.limits import affordable_connections, freeze_existing_objects, raise_descriptor_limit
from entrypoints.process.listeners import require_free_address
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from entrypoints.settings.values import Address

# As in the API: callers have given up on calls that take longer than this.
_DRAIN_SECONDS = 10.0

# Requests are small. Responses contain pages, or a webhook payload of up to 25 MB.
_LARGEST_REQUEST = 1024 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024
_LARGEST_METADATA = 32 * 1024
# As over HTTP. One connection carries many calls.
_MAX_CONNECTIONS = 5_000

OPTIONS = (
    ("grpc.max_receive_message_length", _LARGEST_REQUEST),
    ("grpc.max_send_message_length", _LARGEST_ANSWER),
    ("grpc.max_metadata_size", _LARGEST_METADATA),
    ("grpc.absolute_max_metadata_size", _LARGEST_METADATA),
    # A second server on the same port is a configuration error, so it must fail.
    ("grpc.so_reuseport", 0),
    # Per connection. Further calls wait in the client. A caller may have 100 event streams.
    ("grpc.max_concurrent_streams", 256),
    # Connections that do not use gRPC or have no call end within a minute. The library takes up to
    # twice the configured time. Clients reconnect automatically for the next call.
    ("grpc.server_handshake_timeout_ms", 30_000),
    ("grpc.max_connection_idle_ms", 29_000),
    # Connections end regularly, so that clients resolve addresses again and find new servers. Running calls
    # have time to finish. Streams end with UNAVAILABLE and resume from their cursor.
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Streams can be idle for long. A client that disappeared is detected within two minutes.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients usually ping every 10 s or less often. A limit of 10 s would disconnect clients that ping
    # slightly early.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tls:
    """Key and certificate of the server, and the authorities of client certificates, if required; all PEM."""

    key: bytes
    certificate: bytes
    client_authorities: bytes | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return the server credentials for gRPC."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)],
            self.client_authorities,
            require_client_auth=self.client_authorities is not None,
        )


class Server:
    """The gRPC server."""

    def __init__(self, application: Application, envelope: Envelope, ready: Health) -> None:
        self._health = ready
        self._end_streams = application.stream_events.close
        bound = ("grpc.max_allowed_incoming_connections", affordable_connections(_MAX_CONNECTIONS))
        self._server = grpc.aio.server(interceptors=[envelope], options=[*OPTIONS, bound])
        add_services(application, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(ready.servicer, self._server)
        reflection.enable_server_reflection([*NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self._checking: asyncio.Task[None] | None = None
        self.address = Address("", 0)
        """The address it listens on, after `start`."""

    async def start(self, address: Address, tls: Tls | None = None) -> None:
        """Start listening; raises `RuntimeError` if that is not possible."""
        target = str(address)
        credentials = tls.credentials() if tls else None
        port = (
            self._server.add_secure_port(target, credentials) if credentials else self._server.add_insecure_port(target)
        )
        await self._server.start()
        await self._health.check()
        self._checking = asyncio.create_task(self._health.keep_checking())
        self.address = Address(address.host, port)

    async def drain(self, *, seconds: float = _DRAIN_SECONDS) -> None:
        """Reject new calls, end streams, let running calls finish for `seconds`, then cancel them."""
        await self._health.stop()
        if self._checking is not None:
            self._checking.cancel()
        self._end_streams()
        await self._server.stop(seconds)


def run_grpc(settings: Settings) -> None:
    """Serve gRPC until SIGTERM or Ctrl-C. Then finish running calls and stop."""
    raise_descriptor_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with open_grpc(settings) as parts:
        # gRPC cannot use an existing socket, and its error for a used port names neither process nor setting.
        require_free_address(settings.grpc_addr, f"{PREFIX}GRPC_ADDR")
        server = Server(parts.application, parts.envelope, parts.health)
        await server.start(settings.grpc_addr, _tls(settings))
        freeze_existing_objects()
        _log.info("grpc_started", address=str(server.address))
        await stopping.wait()
        await server.drain()
    _log.info("grpc_stopped")


def _tls(settings: Settings) -> Tls | None:
    key, certificate = settings.grpc_tls_key, settings.grpc_tls_certificate
    if key is None or certificate is None:
        return None
    authorities = settings.grpc_client_authorities
    return Tls(key.reveal().encode(), certificate.encode(), authorities.encode() if authorities else None)
