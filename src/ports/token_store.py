from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from core.domain.identifiers import ConnectionId, IntegrationId
from core.domain.integrations.integration import Integration
from core.domain.tokens.lease import Lease, SealedTokens, StoredTokens

OwnerId_contra = TypeVar("OwnerId_contra", contravariant=True)


class TokenStore(Protocol[OwnerId_contra]):
    """Tokens of one kind of row, encrypted by whoever gives them, and the right to ask for new ones.

    Promised: of those who saw the same row, one at most takes its lease, in any process; what was seen before
    tokens were replaced or wiped replaces nothing any more. Tokens and leases leave no audit versions.
    Not promised: that a lease is still held when its time is over.
    """

    async def find(self, owner_id: OwnerId_contra) -> StoredTokens | None:
        """Return what the row knows of its tokens; None where there is no such row."""

    async def take(self, owner_id: OwnerId_contra, seen: StoredTokens, lease: Lease) -> bool:
        """Put a lease in the place of the one seen, or of none; False where the row has changed since."""

    async def let_go(self, owner_id: OwnerId_contra, lease: Lease) -> None:
        """End a lease without a token; one that is not held any more is left alone."""

    async def advance(self, owner_id: OwnerId_contra, seen: StoredTokens, tokens: SealedTokens) -> bool:
        """Replace the tokens seen, held lease or not, and end any lease; False where others came first."""

    async def replace(self, owner_id: OwnerId_contra, tokens: SealedTokens) -> None:
        """Put in tokens whatever was there, and end any lease: a person has just signed in.

        Raises `StorageConflict` where there is no such row.
        """


class InstallationTokenStore(TokenStore[IntegrationId], Protocol):
    """Tokens of integrations. They are wiped, in the same write, when one is revoked or bound anew."""

    async def ending(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token ends before then, the first to end first."""

    async def due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return integrations suspended since before then whose next probe is due, longest due first.

        They are kept from others who ask the same until this transaction ends; what others keep is left out.
        """

    async def schedule_probe(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Let the next probe be due then; forgotten when the integration becomes active."""


class UserTokenStore(TokenStore[ConnectionId], Protocol):
    """Tokens of connections. They are wiped, in the same write, when one is revoked."""
