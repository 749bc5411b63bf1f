import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial

import structlog
import uvicorn
import uvloop

from entrypoints.process.limits import freeze_existing_objects
from entrypoints.process.listeners import format_addresses, listen
from entrypoints.rest.http.open_connections import ConnectionLimits
from entrypoints.rest.http.server_config import protocol_factory
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import PREFIX
from entrypoints.settings.values import Address
from sandbox.app import Alongside, create_app
from sandbox.payloads.links import Links
from sandbox.sandbox import Sandbox
from sandbox.state.sandbox_app import load_app, sandbox_directory
from sandbox.state.seed import new_world, renew_app
from sandbox.state.snapshot import Snapshot

_SECONDS_BETWEEN_SNAPSHOTS = 2.0
_DRAIN_SECONDS = 1

_log = structlog.get_logger(__name__)


class SandboxRefused(Exception):
    """The sandbox does not run here; the message says why."""


def run_sandbox(settings: Settings) -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C.

    Raises `SandboxRefused` outside development, because everyone who can reach a sandbox can create tokens.
    """
    if not settings.is_development:
        raise SandboxRefused("The sandbox is not available in production. Set CREWKIT_GIT_ENVIRONMENT=development.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    directory = sandbox_directory(settings.home)
    app = load_app(directory)
    if settings.github_webhook_secrets:
        app = replace(app, webhook_secret=settings.github_webhook_secrets[0].reveal())
    snapshot = Snapshot(directory)
    begin = partial(new_world, app, service_url=settings.http_url)
    world = snapshot.load() or begin()
    renew_app(world, app, service_url=settings.http_url)
    sandbox = Sandbox(Links(f"http://{settings.sandbox_addr}"), begin, world)
    server = sandbox_server(sandbox, settings.sandbox_addr, partial(_kept, sandbox, snapshot))
    listening = listen(settings.sandbox_addr, f"{PREFIX}SANDBOX_ADDR")
    freeze_existing_objects()
    _log.info("sandbox_started", address=format_addresses(listening))
    await server.serve(sockets=listening)


def sandbox_server(sandbox: Sandbox, address: Address, alongside: Alongside = nullcontext) -> uvicorn.Server:
    """Return a server of the sandbox at this address, to be run in an event loop that exists.

    `alongside` ends within the server's lifespan: after that the server repeats the signal that stopped it,
    which ends the process on the spot.
    """
    return uvicorn.Server(
        uvicorn.Config(
            create_app(sandbox, alongside),
            host=address.host,
            port=address.port,
            loop="none",
            http=protocol_factory(ConnectionLimits()),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the sandbox writes its own, which may be wrong on purpose
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


@asynccontextmanager
async def _kept(sandbox: Sandbox, snapshot: Snapshot) -> AsyncIterator[None]:
    """Keep the world in its file for the length of the block, and once more at its end."""

    async def keep() -> None:
        kept = sandbox.changes
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_SNAPSHOTS)
            if sandbox.changes != kept:
                kept = sandbox.changes
                snapshot.save(sandbox.world)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        snapshot.save(sandbox.world)
