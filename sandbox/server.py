import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import structlog
import uvicorn
import uvloop

from entrypoints.process.limits import freeze_existing_objects
from entrypoints.process.listeners import format_addresses, listen
from entrypoints.process.private_files import write_private
from entrypoints.rest.http.open_connections import ConnectionLimits
from entrypoints.rest.http.server_config import protocol_factory
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from entrypoints.settings.values import Address
from sandbox.app import Background, create_app
from sandbox.payloads.links import Links
from sandbox.sandbox import Sandbox
from sandbox.state.data import SandboxData
from sandbox.state.sandbox_app import load_app, sandbox_directory
from sandbox.state.seed import create_data, update_app

_SECONDS_BETWEEN_SNAPSHOTS = 2.0
_DRAIN_SECONDS = 1

_log = structlog.get_logger(__name__)


class Snapshot:
    """The sandbox's data in a file, so that they survive a restart."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "world.json"

    def load(self) -> SandboxData | None:
        """Return the saved data, or None if the file is missing or was written by another version."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=SandboxData)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def save(self, data: SandboxData) -> None:
        """Save the data. Only the owner can read the file, because it contains tokens."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, msgspec.json.encode(data))


class SandboxNotAllowed(Exception):
    """The sandbox is not allowed in this environment; the message has the reason."""


def run_sandbox(settings: Settings) -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C.

    Raises `SandboxNotAllowed` outside development, because everyone with access to a sandbox can create tokens.
    """
    if not settings.is_development:
        raise SandboxNotAllowed("The sandbox is not available in production. Set CREWKIT_GIT_ENVIRONMENT=development.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    directory = sandbox_directory(settings.home)
    app = load_app(directory)
    if settings.github_webhook_secrets:
        app = replace(app, webhook_secret=settings.github_webhook_secrets[0].reveal())
    snapshot = Snapshot(directory)
    begin = partial(create_data, app, service_url=settings.http_url)
    data = snapshot.load() or begin()
    update_app(data, app, service_url=settings.http_url)
    sandbox = Sandbox(Links(f"http://{settings.sandbox_addr}"), begin, data)
    server = sandbox_server(sandbox, settings.sandbox_addr, partial(_save_regularly, sandbox, snapshot))
    listening = listen(settings.sandbox_addr, f"{PREFIX}SANDBOX_ADDR")
    freeze_existing_objects()
    _log.info("sandbox_started", address=format_addresses(listening))
    await server.serve(sockets=listening)


def sandbox_server(sandbox: Sandbox, address: Address, alongside: Background = nullcontext) -> uvicorn.Server:
    """Return a server of the sandbox at this address, for a running event loop.

    `alongside` is left within the server's lifespan: afterwards the server repeats the signal that stopped it,
    which ends the process immediately.
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
            date_header=False,  # the sandbox adds its own, which can be wrong on purpose
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


@asynccontextmanager
async def _save_regularly(sandbox: Sandbox, snapshot: Snapshot) -> AsyncIterator[None]:
    """Save changed data to the file regularly during the block, and once at its end."""

    async def save_changes() -> None:
        saved_changes = sandbox.changes
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_SNAPSHOTS)
            if sandbox.changes != saved_changes:
                saved_changes = sandbox.changes
                snapshot.save(sandbox.data)

    task = asyncio.create_task(save_changes())
    try:
        yield
    finally:
        task.cancel()
        snapshot.save(sandbox.data)
