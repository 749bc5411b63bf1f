from collections.abc import Sequence
from typing import Protocol

from core.domain.commit_claims import Claimed, CommitClaim
from core.domain.identifiers import ConnectionId


class CommitClaimStore(Protocol):
    """Which connections still have to look for their earlier commits, and where.

    What is wanted stands here until it is done, so no crash and no outage loses it.
    """

    async def request(self, connection_id: ConnectionId) -> None:
        """Let a connection look, or look again, wherever its user is a member now."""

    async def follow_memberships(self) -> int:
        """Let those who became members since look, too, and return how many claims that makes.

        Claims of those who left are forgotten: should they come back, they look again.
        """

    async def due(self, *, limit: int) -> Sequence[CommitClaim]:
        """Return claims that are not done, the oldest first."""

    async def take(self, claim: CommitClaim, *, limit: int) -> Claimed:
        """Let at most `limit` attributions be the user's, each as its number or address proves.

        Nothing where someone else is at it, the connection was removed or revoked, or its user has left.
        """
