from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import OrganizationId, ProjectId, UserId


class Role(Enum):
    """The role of a member in an organization. Highest first: `owner`, `admin`, `member`, `viewer`."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Organization:
    """One of crewkit's tenants; crewkit owns it, we refer to it."""

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
    """An organization with the role that someone has in it; None: they are no member."""

    organization: Organization
    role: Role | None


@dataclass(frozen=True, slots=True)
class Member:
    """A user, an organization they belong to, and their role in it."""

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
