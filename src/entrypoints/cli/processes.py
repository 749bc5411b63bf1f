import asyncio
import os
from collections.abc import Callable

import click
import structlog

from entrypoints.embedded.errors import CannotStart
from entrypoints.settings import Settings, SettingsRefused, unknown

_log = structlog.get_logger(__name__)


def _settings(process: str) -> Settings:
    try:
        return Settings.from_environment(os.environ, process=process)
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal


@click.command()
def api() -> None:
    """Serve REST and webhooks."""
    from entrypoints.rest.server import run_api  # noqa: PLC0415 - each command loads only what it needs

    _run(run_api, "api")


@click.command()
def grpc() -> None:
    """Serve gRPC to crewkit's services."""
    from entrypoints.grpc_api.server import run_grpc  # noqa: PLC0415

    _run(run_grpc, "grpc")


@click.command()
def worker() -> None:
    """Process what is due, as an RQ worker."""
    from entrypoints.worker.main import run_worker  # noqa: PLC0415

    _run(run_worker, "worker")


@click.command()
def scheduler() -> None:
    """Run what happens by the clock: the sweep that rings for what is due."""
    from entrypoints.worker.scheduler import run_scheduler  # noqa: PLC0415

    _run(lambda settings: asyncio.run(run_scheduler(settings)), "scheduler")


def _run(process: Callable[[Settings], None], name: str) -> None:
    from entrypoints.bootstrap.application import configure_process  # noqa: PLC0415

    settings = _settings(name)
    configure_process(settings)
    if strays := unknown(os.environ):
        _log.warning("unknown_settings", reason=" ".join(f"{stray}." for stray in strays))
    try:
        process(settings)
    except CannotStart as refusal:
        raise click.ClickException(str(refusal)) from refusal
