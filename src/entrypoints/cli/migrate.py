import sys

import click


@click.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print all migrations as plain SQL, for review.")
@click.option(
    "--check",
    is_flag=True,
    help="Only check whether the database is up to date. Lists the missing migrations and exits with 1 if it is not.",
)
@click.option(
    "--down",
    metavar="REVISION",
    help="Downgrade to a revision, or remove everything with `base`. DROPS the tables and columns of later "
    "revisions with their data. Asks for confirmation first.",
)
@click.option("--yes", is_flag=True, help="Downgrade without confirmation.")
def migrate(*, as_sql: bool, check: bool, down: str | None, yes: bool) -> None:
    """Migrate the database to the newest revision, and list the applied migrations.

    docs/upgrades.md lists the revision of each release. The line `migrations` of `crewkit-git doctor` shows
    the revision of the installed release.
    """
    from entrypoints.bootstrap import migrations
    from entrypoints.cli.environment import read_settings, readable_errors

    if as_sql + check + (down is not None) > 1:
        raise click.UsageError("Use only one of --sql, --check and --down.")
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
                f"The database is at revision {newer}, which is newer than this version of crewkit-git. "
                "Nothing was changed. This version works with the newer schema (docs/upgrades.md)."
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
    from core.domain.secret import redact_url
    from entrypoints.bootstrap import migrations

    def report(migration: migrations.Migration) -> None:
        click.echo(f"Reverted {migration.revision}: {migration.title}")

    if not is_confirmed:
        _confirm(redact_url(database_url), revision)
    reached = migrations.downgrade(database_url, revision, on_reverted=report)
    click.echo(f"The database is at revision {reached}.")


def _confirm(database: str, revision: str) -> None:
    lost = (
        "all data of this service"
        if revision == "base"
        else "the tables and columns that later revisions added, with their data"
    )
    click.echo(f"Downgrading {database} to {revision} permanently deletes {lost}.", err=True)
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing was changed, because there is no terminal for the confirmation. Pass --yes to confirm."
        )
    click.confirm("Downgrade?", abort=True, err=True)
