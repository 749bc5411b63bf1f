import os
import sys

import click

from core.domain.secret import shown
from entrypoints.cli.refusals import refusals_told
from entrypoints.development.demo import with_running_demo
from entrypoints.settings import Settings


@click.command()
@click.option("--sql", "show", is_flag=True, help="Print all migrations as plain SQL, for review.")
@click.option("--check", is_flag=True, help="Only tell whether the database is up to date; exit 1 if not.")
@click.option(
    "--down",
    metavar="REVISION",
    help="Go down to a revision, or to nothing of ours: base. DROPS what later revisions added, with "
    "all data in it; asks first.",
)
@click.option("--yes", is_flag=True, help="Go down without being asked.")
def migrate(*, show: bool, check: bool, down: str | None, yes: bool) -> None:
    """Bring the database to the newest revision.

    Which revision belongs to which release: docs/upgrades.md, or the line `migrations` of that release's
    `crewkit-git doctor`.
    """
    # The migrations carry SQLAlchemy and Alembic, which no other command needs.
    from entrypoints.bootstrap import migrations  # noqa: PLC0415

    if show + check + (down is not None) > 1:
        raise click.UsageError("Give one of --sql, --check and --down.")
    if down == "":
        raise click.UsageError("--down names no revision.")
    if show:
        click.echo(migrations.sql())
        return
    with refusals_told():
        settings = Settings.from_environment(with_running_demo(os.environ), process="migrate")
    assert settings.database_url is not None  # required of this process
    database_url = settings.database_url.reveal()
    with refusals_told(settings.database_url):
        if not down and (newer := migrations.newer_revision(database_url)):
            click.echo(
                f"The database is at revision {newer}, newer than this version of the program. "
                "Nothing was changed: this version works with it (docs/upgrades.md)."
            )
        elif check:
            if not migrations.is_current(database_url):
                raise click.ClickException("The database is not up to date: run `crewkit-git migrate`.")
            click.echo("The database is up to date.")
        elif down:
            if not yes:
                _ask(shown(database_url), down)
            click.echo(f"The database is at {migrations.downgrade(database_url, down)}.")
        else:
            migrations.migrate(database_url)
            click.echo("The database is up to date.")


def _ask(database: str, down: str) -> None:
    lost = "all that the service keeps" if down == "base" else "what later revisions added, with its data"
    click.echo(f"Going down to {down} drops for good from {database}: {lost}.", err=True)
    if not sys.stdin.isatty():
        raise click.ClickException("Nothing was changed: there is no terminal to ask at. Give --yes.")
    click.confirm("Go down?", abort=True, err=True)
