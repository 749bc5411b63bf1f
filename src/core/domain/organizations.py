import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.catalog.repository import Repository
from core.domain.errors import DomainError, ErrorKind, FieldError
from core.domain.identifiers import OrganizationId, ProjectId, UserId


class Role(Enum):
    """The role of a member in an organization. Highest first: `owner`, `admin`, `member`, `viewer`."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization. crewkit owns it; this service refers to it."""

    id: OrganizationId
    external_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A person known to crewkit."""

    id: UserId
    external_id: UUID
    email: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's role in one organization."""

    organization: Organization
    user_id: UserId
    role: Role


@dataclass(frozen=True, slots=True)
class OrganizationRole:
    """An organization and the user's role in it; the role is None if the user is not a member."""

    organization: Organization
    role: Role | None


@dataclass(frozen=True, slots=True)
class Member:
    """A user, one of their organizations, and their role in it."""

    user: User
    organization: Organization
    role: Role


@dataclass(frozen=True, slots=True)
class Project:
    """A project of one organization."""

    id: ProjectId
    external_id: UUID
    organization_id: OrganizationId
    name: str
    created_at: datetime


class OrganizationNotFound(DomainError):
    """The organization does not exist, or the caller is not a member of it. Check the organization id."""

    # Both cases look the same, so that callers cannot find out which organizations exist.
    kind = ErrorKind.NOT_FOUND
    code = "organization_not_found"


class UserNotFound(DomainError):
    """The access token is valid, but its user does not exist in crewkit. Sign in again."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "user_unknown"


LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ProjectPosition:
    """The position of a project in the list, which is ordered by name."""

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


def choose_project_name(requested: str | None, repository: Repository) -> str:
    """Return the requested name of an imported project, or the repository's name if none is requested.

    White space is joined and letters are composed, so that names which look equal are equal. Raises
    `ProjectNameInvalid`.
    """
    if requested is None:
        return repository.name[:LONGEST_NAME]
    name = " ".join(unicodedata.normalize("NFC", requested).split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        message = f"Use 1 to {LONGEST_NAME} visible characters."
        raise ProjectNameInvalid(
            "The project name is not valid. Choose another name.", fields=[FieldError("name", message)]
        )
    return name
