"""The settings of a command, completed by a demo that runs on this machine, and its error messages."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from core.domain.errors import DomainError, StorageNotPrepared, StorageUnavailable
from core.domain.secret import Secret, redact_url
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings, SettingsRefused


def read_settings(process: str) -> Settings:
    """Return the settings of a command, or end it with what is missing and how to provide it."""
    from entrypoints.development.running_demo import with_running_demo

    try:
        return Settings.from_environment(with_running_demo(os.environ), process=process)
    except SettingsRefused as refusal:
        hint = explain_how_to_start_demo(os.environ)
        raise click.ClickException(f"{refusal}\n\n{hint}" if hint else str(refusal)) from refusal


def explain_how_to_start_demo(environment: Mapping[str, str]) -> str | None:
    """Explain why no running demo was found; None if one was found, or in production."""
    from entrypoints.development.running_demo import explain_missing_demo

    why = explain_missing_demo(environment)
    if why is None or environment.get(f"{PREFIX}ENVIRONMENT", "").strip() == "production":
        return None
    return (
        f"No running service was found: {why}. `make run` writes this file while it runs. Run this command in the "
        f"directory where it was started, or set {PREFIX}HOME to its data directory, such as /path/to/.crewkit-git."
    )


_VARIABLE = f"{PREFIX}DATABASE_URL"


@contextmanager
def readable_errors(database_url: Secret | None = None) -> Iterator[None]:
    """End the command with a readable message: what failed, in which database, and what helps."""
    try:
        yield
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except StorageUnavailable as error:
        text = _describe(error, database_url) if database_url else error.message
        raise click.ClickException(f"{text} ({error.code})") from error
    except DomainError as error:
        raise click.ClickException(f"{error.message} ({error.code})") from error


def _describe(error: StorageUnavailable, database_url: Secret) -> str:
    database = f"The database {redact_url(database_url.reveal())}"
    if isinstance(error, StorageNotPrepared):
        return f"{database} is not migrated: its tables are missing or out of date. {error.remedy}"
    # Further lines are the driver's advice.
    why = str(error.__cause__ or "").partition("\n")[0]
    return f"{database} is not available{f' ({why})' if why else ''}. {_remedy(error)}"


def _remedy(error: StorageUnavailable) -> str:
    """Return what helps: a `make run` that was killed leaves the address of its database behind."""
    if os.environ.get(_VARIABLE):
        return error.remedy
    return (
        f"It is the database of the last `make run`. Start it again with `make run`, or set {_VARIABLE} to "
        "another database."
    )
