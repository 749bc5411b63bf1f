"""What `crewkit-git keys rotate` and `keys verify` do, and how they report it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence

import click

from core.use_cases.tokens.reencrypt_values import ReencryptionProgress
from entrypoints.bootstrap.application import configure_command
from entrypoints.bootstrap.keys import open_key_ring
from entrypoints.cli.environment import read_settings, readable_errors
from entrypoints.doctor.findings import format_count
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings

_MAX_ROWS_NAMED = 10


def rotate_keys(*, dry_run: bool) -> bool:
    """Encrypt every value with the first key; return whether every value could be decrypted."""
    columns = _run(dry_run=dry_run)
    renewed = sum(column.renewed for column in columns)
    what = "Would be encrypted" if dry_run else "Encrypted"
    click.echo(f"{what} with the first key: {renewed} of {_count_values(columns)}.")
    return _report_unreadable(columns)


def verify_keys() -> bool:
    """Decrypt every value and show which keys are in use; return whether every value could be decrypted."""
    columns = _run(dry_run=True)
    others = sum(column.renewed for column in columns)
    for column in columns:
        counts = ", ".join(f"{count} with {key or 'no key'}" for key, count in sorted(column.by_key.items()))
        click.echo(f"{column.column}: {counts or 'none'}")
    click.echo(f"{_count_values(columns)}. Not encrypted with the first key: {others}.")
    if others:
        click.echo("Run `crewkit-git keys rotate` to encrypt them with the first key. Until then, keep all keys.")
    return _report_unreadable(columns)


def _run(*, dry_run: bool) -> Sequence[ReencryptionProgress]:
    settings = read_settings("keys")
    configure_command(settings)
    with readable_errors(settings.database_url):
        return asyncio.run(_reseal(settings, dry_run=dry_run))


async def _reseal(settings: Settings, *, dry_run: bool) -> Sequence[ReencryptionProgress]:
    """Process all columns, show the progress at a terminal, and return the result of each column."""
    results: dict[str, ReencryptionProgress] = {}
    async with open_key_ring(settings) as ring:
        async for result in ring.reseal(dry_run=dry_run):
            results[result.column] = result
            if sys.stderr.isatty():
                click.echo(f"\r{result.column}: {result.read}", nl=False, err=True)
        if sys.stderr.isatty():
            click.echo(err=True)
        click.echo(f"Keys, in order: {', '.join(ring.key_ids)}. The first key encrypts.")
    return list(results.values())


def _count_values(columns: Sequence[ReencryptionProgress]) -> str:
    return format_count(sum(column.read for column in columns), "value")


def _report_unreadable(columns: Sequence[ReencryptionProgress]) -> bool:
    unreadable = [value for column in columns for value in column.unreadable]
    if not unreadable:
        return True
    for column, count in Counter(value.column for value in unreadable).items():
        ids = [str(value.external_id) for value in unreadable if value.column == column][:_MAX_ROWS_NAMED]
        more = f" and {count - len(ids)} more" if count > len(ids) else ""
        click.echo(f"Cannot be decrypted: {column} of {', '.join(ids)}{more}.", err=True)
    click.echo(
        f"Add the key that encrypted them to {PREFIX}ENCRYPTION_KEYS. If that key is lost, users whose tokens are "
        "listed (user_git_connections) have to connect again. The service replaces the other values, or they expire.",
        err=True,
    )
    return False
