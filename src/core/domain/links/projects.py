"""What this service knows of crewkit's projects, and the rules of those it makes itself."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from core.domain.catalog.repository import Repository
from core.domain.errors import DomainError, ErrorKind, FieldError

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ProjectPosition:
    """Where in the order of projects, by name, a page ends."""

    name: str
    project_id: UUID


class ProjectNotFound(DomainError):
    """The organization has no project with this id. Check the project id."""

    kind = ErrorKind.NOT_FOUND
    code = "project_not_found"


class ProjectNameTaken(DomainError):
    """The organization already has a project with this name. Choose another name."""

    kind = ErrorKind.ALREADY_EXISTS
    code = "project_name_taken"


class ProjectNameInvalid(DomainError):
    """The project name is not valid. Use 1 to 100 visible characters."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "project_name_invalid"


def choose_project_name(wished: str | None, repository: Repository) -> str:
    """Return the name of a project made from a repository, which is the repository's unless wished otherwise.

    White space is joined and letters composed, so that names which look alike are alike. Raises
    `ProjectNameInvalid`.
    """
    if wished is None:
        return repository.name[:LONGEST_NAME]
    name = " ".join(unicodedata.normalize("NFC", wished).split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        message = f"Use 1 to {LONGEST_NAME} visible characters."
        raise ProjectNameInvalid(
            "The project name is not valid. Choose another name.", fields=[FieldError("name", message)]
        )
    return name
