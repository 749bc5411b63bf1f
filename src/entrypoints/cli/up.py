import os

import click

from entrypoints.embedded.errors import CannotStart
from entrypoints.settings import SettingsRefused


@click.command()
def up() -> None:
    """Run everything on this machine: database, queue, API, workers, demo data."""
    # The API and the workers import this file too, and should not carry what only this command needs.
    from entrypoints.up.stack import run_stack  # noqa: PLC0415

    try:
        run_stack(os.environ)
    except (CannotStart, SettingsRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
