import os

import click

from entrypoints.settings.table import PREFIX


@click.command()
def up() -> None:
    """Run the whole service on this machine: database, queue, API, workers and demo data."""
    from core.domain.secret import Secret
    from entrypoints.cli.errors import readable_errors
    from entrypoints.local.embedded.errors import CannotStart
    from entrypoints.local.up.stack import run_stack

    database_url = os.environ.get(f"{PREFIX}DATABASE_URL")
    try:
        with readable_errors(Secret(database_url) if database_url else None):
            run_stack(os.environ)
    except CannotStart as refusal:
        raise click.ClickException(str(refusal)) from refusal
