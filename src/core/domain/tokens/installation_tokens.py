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
    """What opens an installation's repositories, for an hour at most."""

    token: Secret
    expires_at: datetime
    permissions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstallationAccess:
    """A token, and the installation it opens: providers count calls by installation, whatever the token."""

    provider_id: str
    token: Secret


PERMISSIONS: Mapping[str, str] = {"contents": "read"}
"""All that such a token may do, whatever the installation was granted."""


@dataclass(frozen=True, slots=True)
class TokenLease:
    """One token that was given out. `sealed` is the token encrypted, None once it is over or was revoked."""

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
    """A live token that opens more than it would if it were asked for now."""

    external_id: UUID
    provider: str
    sealed: str


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token as its caller gets it, with the repositories it opens."""

    token: Secret
    lease_id: UUID
    expires_at: datetime
    repositories: Sequence[tuple[Link, Repository]]
