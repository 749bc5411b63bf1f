"""`python -m local` runs everything on this machine until Ctrl-C. `make run` calls it."""

import os

import click

from core.domain.secret import Secret
from entrypoints.cli.environment import readable_errors
from entrypoints.process.listeners import CannotStart
from entrypoints.settings.setting import PREFIX
from local.stack import run_stack


@click.command()
def main() -> None:
    """Run the whole service on this machine: database, queue, API, workers, sandbox GitHub and demo data."""
    database_url = os.environ.get(f"{PREFIX}DATABASE_URL")
    try:
        with readable_errors(Secret(database_url) if database_url else None):
            run_stack(os.environ)
    except CannotStart as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m local")
