import os

import click

from entrypoints.embedded.errors import CannotStart
from entrypoints.sandbox.server import SandboxRefused, run_sandbox
from entrypoints.settings import Settings, SettingsRefused


@click.command()
def sandbox() -> None:
    """Serve a small GitHub of our own, for development and tests."""
    try:
        run_sandbox(Settings.from_environment(os.environ, process="sandbox"))
    except (CannotStart, SandboxRefused, SettingsRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
