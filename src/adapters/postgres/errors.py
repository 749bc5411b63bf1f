import re
from collections.abc import Callable

import psycopg
import structlog
from psycopg import errors

from core.domain.connections import account_taken
from core.domain.errors import DomainError, StorageConflict, StorageTooSlow, StorageUnavailable
from core.domain.integrations import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.links import ProjectAlreadyLinked
from core.domain.projects import ProjectNameTaken

_RETRY_AFTER = 1.0
_log = structlog.get_logger(__name__)

# What a caller is told where a row stands in the way, by the constraint that found it.
_IN_THE_WAY: dict[str, Callable[[], DomainError]] = {
    "git_integrations_organization_id_provider_key": lambda: OrganizationAlreadyConnected(
        "This organization is connected already; disconnect it first."
    ),
    "git_integrations_live_installation_idx": lambda: InstallationBoundElsewhere(
        "This installation is connected elsewhere; disconnect it there first."
    ),
    "user_git_connections_provider_provider_user_id_key": account_taken,
    "user_git_connections_user_id_provider_key": lambda: StorageConflict(
        "You are connecting twice at once; look at what came of it, and try again."
    ),
    "project_repositories_project_id_provider_key": lambda: ProjectAlreadyLinked(
        "This project has a repository of this provider; unlink it first."
    ),
}

# Whatever the language, the message names the table.
_OURS = re.compile(r'"(git_\w+|organizations|users|memberships|projects)"')

_LOST_A_RACE = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
# After a failover the old primary still answers, but writes nothing any more.
_GONE = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)


def domain_error(error: psycopg.Error) -> DomainError | None:
    """Return what this error of the database means to callers, or None where it is a mistake of ours."""
    if isinstance(error, errors.UniqueViolation):
        if error.diag.table_name == "projects":
            # crewkit's own constraint, of whatever name and over whatever is made of the name.
            return project_name_taken()
        in_the_way = _IN_THE_WAY.get(error.diag.constraint_name or "")
        return in_the_way() if in_the_way else None
    if isinstance(error, _LOST_A_RACE):
        return StorageConflict("A concurrent change won; try again.", retry_after=_RETRY_AFTER)
    if isinstance(error, errors.QueryCanceled):
        return StorageTooSlow("This takes the database too long; try again later.", retry_after=_RETRY_AFTER)
    if isinstance(error, _GONE):
        return storage_unavailable()
    if isinstance(error, errors.UndefinedTable) and _OURS.search(error.diag.message_primary or ""):
        return not_migrated()
    return None


def project_name_taken() -> ProjectNameTaken:
    """Return the refusal of a project's name."""
    return ProjectNameTaken("This organization has a project of this name; choose another.")


def not_migrated() -> StorageUnavailable:
    """Return the refusal for a database without our tables, and tell those who can help."""
    _log.error("database_not_migrated", reason="Run `crewkit-git migrate`.")
    return StorageUnavailable("The database is being prepared; try again soon.", retry_after=_RETRY_AFTER)


def storage_unavailable() -> StorageUnavailable:
    """Return the refusal for a database that does not answer."""
    return StorageUnavailable("The database does not answer; try again soon.", retry_after=_RETRY_AFTER)
