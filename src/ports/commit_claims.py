from collections.abc import Sequence
from typing import Protocol

from core.domain.attribution.commit_claims import Claimed, CommitClaims
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

    async def due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with claims that are not done, those that wait longest first."""

    async def take(self, claims: CommitClaims, *, limit: int) -> Claimed:
        """Let at most `limit` attributions be of those who claim, each as its number or address proves.

        Nothing where someone else is at it. Of a connection that was removed or revoked, and of a user who
        has left, the claim is done and comes to nothing.
        """
