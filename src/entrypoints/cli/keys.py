import base64
import secrets
import sys
from datetime import UTC, datetime

import click

from entrypoints.cli.click_extensions import WholeTextGroup
from entrypoints.settings.secrets import KEY_BYTES, KEY_ID

_HOW_TO_USE = (
    "To replace a key: add the new key after the current key and restart every process "
    "(CREWKIT_GIT_ENCRYPTION_KEYS=old,new). Then put the new key first and restart again (new,old). Then run "
    "`crewkit-git keys rotate`. Then remove the old key."
)


class _KeyId(click.ParamType[str]):
    """The id of an encryption key, as the setting allows it."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id, or fail with the allowed form."""
        if not KEY_ID.fullmatch(value):
            self.fail(
                f"{value!r} is not a key id. Use 1 to 32 letters, digits, `_` and `-`, such as k2026-11.", param, ctx
            )
        return value


@click.group(cls=WholeTextGroup)
def keys() -> None:
    """Create, rotate and verify the keys that encrypt tokens in the database (docs/keys.md)."""


@keys.command()
@click.option(
    "--id",
    "key_id",
    type=_KeyId(),
    help="The id that the database stores beside each encrypted value: 1 to 32 letters, digits, `_` and "
    "`-`. Default: today's date and four random characters.",
)
def new(*, key_id: str | None) -> None:
    """Print a new key for CREWKIT_GIT_ENCRYPTION_KEYS. The key is not stored anywhere."""
    # The date alone would give two keys of one day the same id.
    name = key_id or f"{datetime.now(UTC):k%Y%m%d}-{secrets.token_hex(2)}"
    click.echo(f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}")
    click.echo(_HOW_TO_USE, err=True)


@keys.command()
@click.option("--dry-run", is_flag=True, help="Only show how many values would be encrypted.")
def rotate(*, dry_run: bool) -> None:
    """Re-encrypt stored tokens with the first key of CREWKIT_GIT_ENCRYPTION_KEYS.

    The service can keep running. You can interrupt this command and run it again. Exits with 1 if a value
    cannot be decrypted; the command does not change this value.
    """
    from entrypoints.cli.encryption import rotate_keys

    if not rotate_keys(dry_run=dry_run):
        sys.exit(1)


@keys.command()
def verify() -> None:
    """Decrypt every encrypted value, and show which keys are in use.

    Exits with 1 if a value cannot be decrypted.
    """
    from entrypoints.cli.encryption import verify_keys

    if not verify_keys():
        sys.exit(1)
