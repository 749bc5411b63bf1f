"""Tokens that can read an installation's repositories, and the leases of those issued to services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType
from uuid import UUID

from core.domain.catalog.repository import Repository
from core.domain.errors import DomainError, ErrorKind
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


TokenLeaseId = NewType("TokenLeaseId", int)


class TokenLeaseState(Enum):
    """The state of a token lease.

    `active`: the token works. `revoking`: the token is to be revoked at the provider, and works until this succeeds.
    `revoked`: the token was revoked. `expired`: the token has expired.
    """

    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class TokenLease:
    """The record of an issued read token. `sealed` is the encrypted token, None after it expired or was revoked.

    The store assigns the `id`.
    """

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
    revoke_requested_at: datetime | None = None
    id: TokenLeaseId = field(default=TokenLeaseId(0), compare=False)

    def find_state(self, now: datetime) -> TokenLeaseState:
        """Return the state at this time."""
        if self.revoked_at is not None:
            return TokenLeaseState.REVOKED
        if self.expires_at <= now:
            return TokenLeaseState.EXPIRED
        return TokenLeaseState.ACTIVE if self.revoke_requested_at is None else TokenLeaseState.REVOKING


class ReadTokenNotFound(DomainError):
    """The organization has no read token with this id. Check the id of the token lease."""

    kind = ErrorKind.NOT_FOUND
    code = "read_token_not_found"


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
