from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from entrypoints.rest.http.open_connections import ConnectionLimits, OpenConnections
from entrypoints.rest.http.protocol import HttpProtocol
from entrypoints.settings.values import Address

# GitHub waits 10 s for a response. When the server stops, the caller of an older request is gone.
_DRAIN_SECONDS = 10

_DEFAULT_LIMITS = ConnectionLimits()


def server_config(app: ASGIApp, address: Address, limits: ConnectionLimits = _DEFAULT_LIMITS) -> uvicorn.Config:
    """Return the configuration of a server that runs on the current event loop."""
    return uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        loop="none",
        http=protocol_factory(limits),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        # Each costs microseconds per request. The proxy logs the addresses of clients.
        proxy_headers=False,
        server_header=False,
        # uvicorn updates it once a second. The dashboard reads it to correct the clock of the device.
        date_header=True,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


def protocol_factory(limits: ConnectionLimits) -> Any:  # noqa: ANN401 - uvicorn declares a class, but only calls it
    """Return the factory with which a server creates the protocol of each connection."""
    return partial(HttpProtocol, open_connections=OpenConnections(limits))
