"""What an operator is told where a command is refused."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from core.domain.errors import DomainError, StorageNotPrepared, StorageUnavailable
from core.domain.secret import Secret, shown
from entrypoints.setting_table import PREFIX
from entrypoints.settings import SettingsRefused

_VARIABLE = f"{PREFIX}DATABASE_URL"


@contextmanager
def refusals_told(database_url: Secret | None = None) -> Iterator[None]:
    """End the command with a refusal in words for operators: which database it was, and what helps."""
    try:
        yield
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except StorageUnavailable as error:
        said = _of_database(error, database_url) if database_url else error.message
        raise click.ClickException(f"{said} ({error.code})") from error
    except DomainError as error:
        raise click.ClickException(f"{error.message} ({error.code})") from error


def _of_database(error: StorageUnavailable, database_url: Secret) -> str:
    database = f"The database {shown(database_url.reveal())}"
    if isinstance(error, StorageNotPrepared):
        return f"{database} was never migrated: run `crewkit-git migrate`."
    # Further lines are the driver's advice.
    why = str(error.__cause__ or "").partition("\n")[0]
    return f"{database} cannot be used{f' ({why})' if why else ''}. {_remedy(error)}"


def _remedy(error: StorageUnavailable) -> str:
    """Say what helps: people also meet this after an `up` that was killed and left its address behind."""
    if os.environ.get(_VARIABLE):
        return error.remedy
    return (
        f"It is that of the last `crewkit-git up`: start it with `make run`, or set {_VARIABLE} to the "
        "database you mean."
    )
