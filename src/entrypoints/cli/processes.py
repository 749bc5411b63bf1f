import os
from collections.abc import Callable

import click

from entrypoints.cli.libraries import import_libraries
from entrypoints.settings.checks import find_unknown_variables
from entrypoints.settings.settings import Settings, SettingsRefused


@click.command()
def api() -> None:
    """Serve the REST API, webhooks and the dashboard."""
    import_libraries()
    from entrypoints.rest.server import run_api

    _run(run_api, "api")


@click.command()
def grpc() -> None:
    """Serve the gRPC API for crewkit's services."""
    import_libraries()
    from entrypoints.grpc_api.server import run_grpc

    _run(run_grpc, "grpc")


@click.command()
def worker() -> None:
    """Process due webhook events, as an RQ worker."""
    import_libraries()
    from entrypoints.worker.main import run_worker

    _run(run_worker, "worker")


@click.command()
def scheduler() -> None:
    """Run scheduled jobs, such as notifying workers of due events."""
    import asyncio

    import_libraries()
    from entrypoints.worker.scheduler import run_scheduler

    _run(lambda settings: asyncio.run(run_scheduler(settings)), "scheduler")


def _run(process: Callable[[Settings], None], name: str) -> None:
    import structlog

    from entrypoints.bootstrap.application import configure_process
    from entrypoints.process.listeners import CannotStart

    settings = _settings(name)
    configure_process(settings)
    if unknown := find_unknown_variables(os.environ):
        _log = structlog.get_logger(__name__)
        _log.warning("unknown_settings", reason=" ".join(f"{name}." for name in unknown))
    try:
        process(settings)
    except (CannotStart, SettingsRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _settings(process: str) -> Settings:
    try:
        return Settings.from_environment(os.environ, process=process)
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
