from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from core.domain.identifiers import ConnectionId, IntegrationId, ProviderUserId, RevocationId
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import EncryptedTokens, RefreshLease, StoredTokens
from core.domain.tokens.user_tokens import Revocation

OwnerId_contra = TypeVar("OwnerId_contra", contravariant=True)


class TokenStore(Protocol[OwnerId_contra]):
    """The encrypted tokens of one kind of row, and the right to fetch new ones from the provider.

    Guaranteed: of all callers that read the same row, in any process, at most one acquires its lease; after tokens
    were replaced or wiped, no caller that read the row before can replace them. Tokens and leases have no audit
    versions. Not guaranteed: that a lease is still held after its time.
    """

    async def find(self, owner_id: OwnerId_contra) -> StoredTokens | None:
        """Return the tokens and the lease of a row; None if the row does not exist."""

    async def acquire_lease(self, owner_id: OwnerId_contra, seen: StoredTokens, lease: RefreshLease) -> bool:
        """Store a lease in the row that the caller has read; return False if the row has changed since."""

    async def release_lease(self, owner_id: OwnerId_contra, lease: RefreshLease) -> None:
        """End a lease without new tokens. Does nothing if the lease is no longer held."""

    async def replace_unchanged(self, owner_id: OwnerId_contra, seen: StoredTokens, tokens: EncryptedTokens) -> bool:
        """Replace the tokens that the caller read and end any lease; return False if they changed."""

    async def replace(self, owner_id: OwnerId_contra, tokens: EncryptedTokens) -> None:
        """Replace the tokens and end any lease, in any state of the row: the user has just signed in.

        Raises `StorageConflict` if the row does not exist.
        """


class InstallationTokenStore(TokenStore[IntegrationId], Protocol):
    """The tokens of integrations.

    The tokens of an integration are wiped in the write that revokes it or binds it to another installation.
    """

    async def list_expiring(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token expires before this time, the earliest first."""

    async def list_due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return integrations suspended since before this time whose next probe is due, longest due first.

        The rows are locked until the transaction ends; rows that another transaction has locked are left out.
        """

    async def schedule_probe(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Store when the next probe is due. An integration that becomes active loses this time."""


class UserTokenStore(TokenStore[ConnectionId], Protocol):
    """The tokens of connections, and the queue of tokens to revoke at the provider.

    The tokens of a connection are wiped in the write that revokes it. A revocation stays in the queue until it is
    done, so that no outage loses it.
    """

    async def next_revocation_id(self) -> RevocationId:
        """Reserve the id of a new revocation; gaps are normal."""

    async def add_revocation(self, revocation: Revocation) -> None:
        """Add a revocation to the queue, due immediately."""

    async def claim_revocations(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Claim at most `limit` due revocations, the oldest first; other callers get them after `until`."""

    async def update_revocation(self, revocation_id: RevocationId, tokens: EncryptedTokens) -> None:
        """Replace the tokens of a revocation whose tokens expired by newer ones."""

    async def postpone_revocation(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """End the claim of a revocation that failed; it is due again at `at`."""

    async def delete_revocation(self, revocation_id: RevocationId) -> None:
        """Delete a revocation that is done, or that cannot succeed."""

    async def exclude_grant_revocation(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Limit the queued revocations of this account to their tokens, because the user connects it again.

        Returns False while a caller revokes the whole grant of the account: that would also end new tokens.
        """
