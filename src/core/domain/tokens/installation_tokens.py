"""Tokens that can read an installation's repositories, and the leases of those issued to services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.domain.catalog.repository import Repository
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.links.link import Link
from core.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """A token for an installation's repositories, valid for at most an hour."""

    token: Secret
    expires_at: datetime
    permissions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstallationAccess:
    """A token and its installation: providers limit calls by installation, not by token."""

    provider_id: str
    token: Secret


PERMISSIONS: Mapping[str, str] = {"contents": "read"}
"""All permissions of a read token, whatever the installation was granted."""


@dataclass(frozen=True, slots=True)
class TokenLease:
    """The record of an issued read token. `sealed` is the encrypted token, None after it expired or was revoked."""

    external_id: UUID
    organization_id: OrganizationId
    integration_id: IntegrationId
    actor: str
    request_id: str | None
    reason: str
    repo_ids: tuple[RepoId, ...]
    created_at: datetime
    expires_at: datetime
    sealed: str | None
    permissions: Mapping[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrphanedToken:
    """A valid token that gives more access than a new token would."""

    external_id: UUID
    provider: str
    sealed: str


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token for its caller, with the repositories that it can read."""

    token: Secret
    lease_id: UUID
    expires_at: datetime
    repositories: Sequence[tuple[Link, Repository]]
