import os

import click

from entrypoints.embedded.errors import CannotStart
from entrypoints.settings import SettingsRefused
from entrypoints.up.stack import run_stack


@click.command()
def up() -> None:
    """Run everything on this machine: database, queue, API, workers, demo data."""
    try:
        run_stack(os.environ)
    except (CannotStart, SettingsRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
