import asyncio
import base64
import os
import secrets
import sys
from collections import Counter
from datetime import UTC, datetime

import click

from core.use_cases.keys.reseal import Resealed
from entrypoints.bootstrap.application import configure_command
from entrypoints.bootstrap.keys import open_key_ring
from entrypoints.cli.here import environment_here
from entrypoints.cli.refusals import refusals_told
from entrypoints.doctor.wording import counted
from entrypoints.setting_table import PREFIX
from entrypoints.settings import Settings

_KEY_BYTES = 32
_VARIABLE = f"{PREFIX}ENCRYPTION_KEYS"
_MOST_NAMED = 10


@click.group()
def keys() -> None:
    """Make, rotate and verify the keys that encrypt tokens in the database (docs/keys.md)."""


@keys.command()
@click.option(
    "--id", "key_id", help="How the key is called in the database; by default today's date and four letters."
)
def new(*, key_id: str | None) -> None:
    """Print a new key, to be put first behind and then in front of those that the service has.

    It is written nowhere else.
    """
    # Not the date alone: who makes two on a day keeps both.
    name = key_id or f"{datetime.now(UTC):k%Y%m%d}-{secrets.token_hex(2)}"
    click.echo(f"{name}:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}")
    click.echo(
        f"First let every process know it, behind the key it encrypts with ({_VARIABLE}=old,new); then put "
        "it in front (new,old); then run `crewkit-git keys rotate`; then take the old one out.",
        err=True,
    )


@keys.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be written anew.")
def rotate(*, dry_run: bool) -> None:
    """Encrypt with the first key what others encrypt, while the service runs.

    Can be interrupted and run again. Exits with 1 where something cannot be read, which stays as it is.
    """
    found = _run(dry_run=dry_run)
    renewed = sum(one.renewed for one in found)
    words = "would be encrypted anew" if dry_run else "encrypted anew"
    seen = counted(sum(one.seen for one in found), "value")
    click.echo(f"With the first key {words}: {renewed} of {seen}.")
    _end(found)


@keys.command()
def verify() -> None:
    """Read every encrypted value, and tell with which keys they are encrypted.

    Exits with 1 where something cannot be read.
    """
    found = _run(dry_run=True)
    others = sum(one.renewed for one in found)
    for one in found:
        keys_of = ", ".join(f"{count} with {key or 'no key'}" for key, count in sorted(one.by_key.items()))
        click.echo(f"{one.column}: {keys_of or 'none'}")
    click.echo(
        f"{counted(sum(one.seen for one in found), 'value')}; {others} of them not with the first key."
    )
    if others:
        click.echo("Keep the others until `crewkit-git keys rotate` has been run.")
    _end(found)


async def _reseal(settings: Settings, *, dry_run: bool) -> list[Resealed]:
    """Go through all columns, show how far each is, and return what came of them."""
    found: dict[str, Resealed] = {}
    async with open_key_ring(settings) as ring:
        async for told in ring.reseal(dry_run=dry_run):
            found[told.column] = told
            if sys.stderr.isatty():
                click.echo(f"\r{told.column}: {told.seen}", nl=False, err=True)
        if sys.stderr.isatty():
            click.echo(err=True)
        click.echo(f"Keys, in order: {', '.join(ring.key_ids)}. The first encrypts.")
    return list(found.values())


def _end(found: list[Resealed]) -> None:
    unreadable = [value for one in found for value in one.unreadable]
    if not unreadable:
        return
    for column, count in Counter(value.column for value in unreadable).items():
        named = [str(value.external_id) for value in unreadable if value.column == column][:_MOST_NAMED]
        more = f" and {count - len(named)} more" if count > len(named) else ""
        click.echo(f"Cannot be read: {column} of {', '.join(named)}{more}.", err=True)
    click.echo(
        f"Give {_VARIABLE} the key they were made with. If it is lost, their people and organizations have "
        "to connect again; nothing else is lost.",
        err=True,
    )
    sys.exit(1)


def _run(*, dry_run: bool) -> list[Resealed]:
    with refusals_told():
        settings = Settings.from_environment(environment_here(os.environ), process="keys")
    configure_command(settings)
    with refusals_told(settings.database_url):
        return asyncio.run(_reseal(settings, dry_run=dry_run))
