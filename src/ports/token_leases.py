from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.identifiers import OrganizationId
from core.domain.tokens.installation_tokens import OrphanedToken, TokenLease, TokenLeaseId


class TokenLeaseStore(Protocol):
    """The leases of the read tokens issued to services.

    A read token is orphaned as soon as its integration's status changes or one of its repositories loses its last
    link. This is derived from the rows: no caller has to request a revocation, and no crash loses one.
    """

    async def add_token_lease(self, lease: TokenLease) -> None:
        """Store the lease of a read token."""

    async def find_token_lease(self, external_id: UUID) -> TokenLease | None:
        """Return the lease with this id, or None."""

    async def list_orphaned_tokens(self, *, now: datetime, limit: int) -> Sequence[OrphanedToken]:
        """Return at most `limit` unexpired read tokens that must be revoked, the oldest first.

        These are the tokens of integrations that are revoked or whose status changed after the token was issued, the
        tokens for a repository to which the integration has no link, and the tokens whose revocation was requested.
        """

    async def end_token_lease(self, external_id: UUID, *, at: datetime) -> None:
        """Record that a read token was revoked, and wipe it."""

    async def wipe_expired_tokens(self, *, now: datetime, limit: int) -> int:
        """Wipe at most `limit` expired read tokens, and return how many were wiped."""

    async def list_token_leases(
        self,
        organization_id: OrganizationId,
        *,
        held_by: str | None = None,
        valid_at: datetime | None = None,
        limit: int,
        before: TokenLeaseId | None = None,
    ) -> Sequence[TokenLease]:
        """Return an organization's leases with an id below `before`, the newest first.

        `held_by` is the name of an actor (`Actor.name`): the leases of this actor, and those that services hold for
        this user. With `valid_at`, only leases of tokens that are neither expired nor revoked at that time.
        """

    async def request_token_revocation(self, external_id: UUID, *, at: datetime) -> None:
        """Make a read token orphaned. Does nothing if it was requested before."""
