from collections.abc import Sequence
from typing import Protocol

from core.domain.attribution.commit_claims import ClaimResult, CommitClaims
from core.domain.identifiers import ConnectionId


class CommitClaimStore(Protocol):
    """The claims of users to their earlier commits.

    A claim is stored until it is done, so that no crash and no outage loses it.
    """

    async def request(self, connection_id: ConnectionId) -> None:
        """Let a connection claim earlier commits in all organizations of its user, also if it did before."""

    async def follow_memberships(self) -> int:
        """Add claims for new members and for changed addresses of members, and return how many were added.

        A member with a connection has two claims: one for the account and its verified addresses, and one for the
        member's address in crewkit. The claims of former members are deleted: if they become members again, they
        claim again.
        """

    async def list_due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return at most `limit` integrations with claims to apply, those that wait longest first."""

    async def apply(self, claims: CommitClaims, *, limit: int) -> ClaimResult:
        """Attribute at most `limit` attributions to the claiming users, by account id, verified or member address.

        A proof of the provider replaces a match by the member's address. Attributions whose address has an assignment
        are attributed too, for the time after the assignment, but not counted in the result.

        Returns no commits if another process works on these claims. Claims of a removed or revoked connection, and of
        a former member, are done without a result.
        """
