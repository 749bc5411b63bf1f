import os

import click

from core.domain.secret import Secret
from entrypoints.cli.refusals import refusals_told
from entrypoints.embedded.errors import CannotStart
from entrypoints.setting_table import PREFIX
from entrypoints.up.stack import run_stack


@click.command()
def up() -> None:
    """Run everything on this machine: database, queue, API, workers, demo data."""
    database_url = os.environ.get(f"{PREFIX}DATABASE_URL")
    try:
        with refusals_told(Secret(database_url) if database_url else None):
            run_stack(os.environ)
    except CannotStart as refusal:
        raise click.ClickException(str(refusal)) from refusal
