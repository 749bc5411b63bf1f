import sys

import click


@click.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print all migrations as plain SQL, for review.")
@click.option(
    "--check",
    is_flag=True,
    help="Only check whether the database is up to date. Lists the missing migrations and exits with 1 if "
    "it is not.",
)
@click.option(
    "--down",
    metavar="REVISION",
    help="Go down to a revision, or remove everything with `base`. DROPS what later revisions added, with "
    "all data in it. Asks for confirmation first.",
)
@click.option("--yes", is_flag=True, help="Go down without confirmation.")
def migrate(*, as_sql: bool, check: bool, down: str | None, yes: bool) -> None:
    """Bring the database to the newest revision, and list the migrations applied.

    docs/upgrades.md lists the revision of each release, as does the line `migrations` of that release's
    `crewkit-git doctor`.
    """
    from entrypoints.bootstrap import migrations
    from entrypoints.cli.environment import read_settings
    from entrypoints.cli.errors import readable_errors

    if as_sql + check + (down is not None) > 1:
        raise click.UsageError("Give only one of --sql, --check and --down.")
    if down == "":
        raise click.UsageError("--down needs a revision, such as 0012 or base.")
    if as_sql:
        click.echo(migrations.sql())
        return
    settings = read_settings("migrate")
    url = settings.migration_database_url or settings.database_url
    assert url is not None  # required of this process
    database_url = url.reveal()
    with readable_errors(url):
        if down:
            _downgrade(database_url, down, is_confirmed=yes)
        elif newer := migrations.newer_revision(database_url):
            click.echo(
                f"The database is at revision {newer}, newer than this version of the program. "
                "Nothing was changed: this version works with it (docs/upgrades.md)."
            )
        elif check:
            _check(database_url)
        else:
            _upgrade(database_url)


def _check(database_url: str) -> None:
    from entrypoints.bootstrap import migrations

    pending = migrations.list_pending(database_url)
    for migration in pending:
        click.echo(f"Missing {migration.revision}: {migration.title}")
    if pending:
        raise click.ClickException("The database is not up to date. Run `crewkit-git migrate`.")
    click.echo(f"The database is up to date at revision {migrations.newest()}.")


def _upgrade(database_url: str) -> None:
    from entrypoints.bootstrap import migrations

    applied = []

    def report(migration: migrations.Migration) -> None:
        applied.append(migration)
        click.echo(f"Applied {migration.revision}: {migration.title}")

    migrations.migrate(database_url, on_applied=report)
    prefix = "" if applied else "Nothing to apply. "
    click.echo(f"{prefix}The database is up to date at revision {migrations.newest()}.")


def _downgrade(database_url: str, revision: str, *, is_confirmed: bool) -> None:
    from core.domain.secret import shown
    from entrypoints.bootstrap import migrations

    def report(migration: migrations.Migration) -> None:
        click.echo(f"Reverted {migration.revision}: {migration.title}")

    if not is_confirmed:
        _confirm(shown(database_url), revision)
    reached = migrations.downgrade(database_url, revision, on_reverted=report)
    click.echo(f"The database is at revision {reached}.")


def _confirm(database: str, revision: str) -> None:
    lost = "all data of this service" if revision == "base" else "what later revisions added, with its data"
    click.echo(f"Going down to {revision} permanently drops from {database}: {lost}.", err=True)
    if not sys.stdin.isatty():
        raise click.ClickException("Nothing was changed: there is no terminal to confirm at. Give --yes.")
    click.confirm("Go down?", abort=True, err=True)
