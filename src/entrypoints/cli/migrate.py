import os

import click

from entrypoints.cli.refusals import refusals_told
from entrypoints.development.demo import with_running_demo
from entrypoints.settings import Settings


@click.command()
@click.option("--sql", "show", is_flag=True, help="Print all migrations as plain SQL, for review.")
@click.option("--check", is_flag=True, help="Only tell whether the database is up to date; exit 1 if not.")
@click.option("--down", metavar="REVISION", help="Go down to a revision, or to nothing of ours: base.")
def migrate(*, show: bool, check: bool, down: str | None) -> None:
    """Bring the database to the newest revision."""
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
        if check:
            if not migrations.is_current(database_url):
                raise click.ClickException("The database is not up to date: run `crewkit-git migrate`.")
            click.echo("The database is up to date.")
        elif down:
            migrations.downgrade(database_url, down)
            click.echo(f"The database is at {down}.")
        else:
            migrations.migrate(database_url)
            click.echo("The database is up to date.")
