import re
from collections.abc import Callable

import psycopg
from psycopg import errors

from core.domain.connections import account_taken_error
from core.domain.errors import (
    DomainError,
    StorageConflict,
    StorageNotPrepared,
    StorageTooSlow,
    StorageUnavailable,
    StorageUnwritable,
)
from core.domain.integrations.integration import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.links.link import ProjectAlreadyLinked
from core.domain.organizations import ProjectNameTaken

DATABASE_URL = "the database URL"
"""What remedies call the setting with the URL. `name_setting` replaces it by the name of the setting."""

_RETRY_AFTER = 1.0
_NO_ANSWER = "The database does not respond. Try again soon."

# The error for a unique constraint that a new row violates.
_UNIQUE_VIOLATIONS: dict[str, Callable[[], DomainError]] = {
    "git_integrations_organization_id_provider_key": lambda: OrganizationAlreadyConnected(
        "This organization is already connected. Disconnect it first."
    ),
    "git_integrations_live_installation_idx": lambda: InstallationBoundElsewhere(
        "This installation is connected to another organization. Disconnect it there first."
    ),
    "user_git_connections_provider_provider_user_id_key": account_taken_error,
    "user_git_connections_user_id_provider_key": lambda: StorageConflict(
        "Another attempt to connect is running at the same time. Check whether you are connected, then try again."
    ),
    "project_repositories_project_id_provider_key": lambda: ProjectAlreadyLinked(
        "This project is already linked to a repository of this provider. Unlink it first."
    ),
}

# The message contains the table's name in every language.
_TABLES = re.compile(
    r'"((user_)?git_\w+|organizations|users|memberships|projects|project_repositories|versions'
    r'|idempotency_keys|webhook_secret_uses)"'
)

_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
# The server is available but cannot run this statement, for example because a value is too long for an index.
_TOO_LARGE = (errors.ProgramLimitExceeded, errors.StatementTooComplex, errors.TooManyColumns, errors.TooManyArguments)
# After a failover the old primary still responds, but stores no changes.
_OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)
# The server answers but does not store changes: the disk is full or broken, or the database is read-only.
_UNWRITABLE = (errors.DiskFull, errors.IoError, errors.ReadOnlySqlTransaction)

# Reasons why connecting fails: a pattern of the message, the error for callers, and the remedy. libpq has no codes
# for these errors, only English messages; a message in another language has only the general remedy.
_CONNECTION_FAILURES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"authentication failed|no password supplied|role \".*\" does not exist"),
        "The database rejected this service's credentials. Try again soon.",
        f"Correct the user and password in {DATABASE_URL}.",
    ),
    (
        re.compile(r"no pg_hba\.conf entry|rejects connection"),
        "The database rejected this service's credentials. Try again soon.",
        f"Allow this user and address in pg_hba.conf, or correct the user and sslmode in {DATABASE_URL}.",
    ),
    (
        re.compile(r"database \".*\" does not exist"),
        "The database does not exist. Try again soon.",
        f"Create the database and run `crewkit-git migrate`, or correct its name in {DATABASE_URL}.",
    ),
    (
        re.compile(r"certificate|sslmode|SSL error|does not support SSL"),
        "No encrypted connection to the database is possible. Try again soon.",
        f"Give PostgreSQL a TLS certificate that this machine trusts, or correct sslmode in {DATABASE_URL}.",
    ),
    (
        re.compile(r"too many (clients|connections)|connection slots"),
        "The database has reached its connection limit. Try again soon.",
        (
            "Raise PostgreSQL's max_connections, or run fewer processes. Each process uses 10 "
            "connections, an API process 11."
        ),
    ),
    (
        re.compile(r"unsupported startup parameter"),
        "The connection pooler rejected this service. Try again soon.",
        f"Remove parameters such as `options` from {DATABASE_URL}, or add them to ignore_startup_parameters.",
    ),
    (
        re.compile(r"transaction blocks not allowed in statement pooling mode"),
        "The connection pooler does not support transactions. Try again soon.",
        "PgBouncer's statement mode does not support transactions. Set pool_mode to transaction or session.",
    ),
    (
        re.compile(r"failed to resolve host|could not translate host name"),
        _NO_ANSWER,
        f"Correct the host in {DATABASE_URL}, or check DNS on this machine.",
    ),
)


def domain_error(error: psycopg.Error) -> DomainError | None:
    """Return the domain error for an error of the database, or None if it is a defect of this service."""
    if isinstance(error, errors.UniqueViolation):
        if error.diag.table_name == "projects":
            # crewkit may have its own constraint on names, with an unknown name.
            return project_name_taken()
        create_error = _UNIQUE_VIOLATIONS.get(error.diag.constraint_name or "")
        return create_error() if create_error else None
    if isinstance(error, _CONFLICTS):
        return StorageConflict("The request conflicts with a concurrent change. Try again.", retry_after=_RETRY_AFTER)
    if isinstance(error, errors.QueryCanceled):
        return StorageTooSlow(
            "The database did not finish the request in time. Nothing was changed. Try again later.",
            retry_after=_RETRY_AFTER,
        )
    if isinstance(error, _UNWRITABLE):
        return unwritable(error)
    if is_outage(error):
        return unreachable(error)
    if isinstance(error, errors.UndefinedTable) and _TABLES.search(error.diag.message_primary or ""):
        return not_migrated()
    if isinstance(error, errors.UndefinedColumn):
        # This version runs before its migration.
        return not_migrated()
    return None


def is_outage(error: BaseException) -> bool:
    """Return whether the database is unavailable; psycopg has one class for that and for its limits."""
    return isinstance(error, _OUTAGES) and not isinstance(error, _TOO_LARGE)


def project_name_taken() -> ProjectNameTaken:
    """Return the error for a project name that is in use."""
    return ProjectNameTaken("This organization already has a project with this name. Choose another name.")


def not_migrated() -> StorageNotPrepared:
    """Return the error for a database without the tables of this version."""
    return StorageNotPrepared(
        "The database is not ready: its tables are missing or out of date. Try again soon.",
        retry_after=_RETRY_AFTER,
        remedy="Run `crewkit-git migrate`.",
    )


def name_setting(error: StorageUnavailable, setting: str) -> StorageUnavailable:
    """Return the error, with the name of the setting with the URL in its remedy."""
    error.remedy = error.remedy.replace(DATABASE_URL, setting)
    return error


def unreachable(error: psycopg.Error) -> StorageUnavailable:
    """Return the error for a failed connection, with its remedy."""
    text = str(error)
    for pattern, message, remedy in _CONNECTION_FAILURES:
        if pattern.search(text):
            return StorageUnavailable(message, retry_after=_RETRY_AFTER, remedy=remedy)
    return storage_unavailable()


def unwritable(error: psycopg.Error | None) -> StorageUnwritable:
    """Return the error for a database that responds but does not store changes."""
    if isinstance(error, errors.DiskFull):
        cause, remedy = "its disk is full", "Free or add space on PostgreSQL's disk."
    elif isinstance(error, errors.ReadOnlySqlTransaction):
        cause = "it is read-only"
        remedy = (
            f"Set {DATABASE_URL} to the primary server (several hosts: target_session_attrs=read-write), or "
            "end the read-only mode."
        )
    else:
        cause, remedy = "writes fail or take too long", "Check PostgreSQL's log, disk and replicas."
    return StorageUnwritable(
        f"The database cannot store changes: {cause}. Try again soon.", retry_after=_RETRY_AFTER, remedy=remedy
    )


def storage_unavailable() -> StorageUnavailable:
    """Return the error for a database that does not respond."""
    remedy = f"Start PostgreSQL, or correct {DATABASE_URL}."
    return StorageUnavailable(_NO_ANSWER, retry_after=_RETRY_AFTER, remedy=remedy)
