from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.attribution.attribution import (
    Attribution,
    AttributionFilter,
    AttributionView,
    Identities,
    IdentityQuery,
)
from core.domain.attribution.commit_claims import ClaimResult, CommitClaims
from core.domain.identifiers import ConnectionId, OrganizationId, RepoId


class AttributionStore(Protocol):
    """The users of commit authors, and the claims of users to their earlier commits.

    An organization never sees a user who is not its member at that moment. A claim is stored until it is done, so
    that no crash and no outage loses it.
    """

    async def find_identities(
        self, provider: str, people: IdentityQuery, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users found by their connections that are not revoked, with their organizations.

        Only memberships in the given organizations are returned. A login that two connections have is left out: one
        of the accounts was renamed, and its connection is not updated yet.
        """

    async def add(self, attributions: Sequence[Attribution]) -> None:
        """Store these attributions; those already stored stay unchanged.

        An attribution is the same if its repository, commit, role and address are.
        """

    async def list_attributions(
        self, organization_id: OrganizationId, where: AttributionFilter, *, limit: int, before: int | None = None
    ) -> Sequence[AttributionView]:
        """Return at most `limit` attributions, the newest first, only those with an id below `before`."""

    async def list_by_commits(
        self, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
    ) -> Sequence[AttributionView]:
        """Return the attributions of these commits of a repository, in the order in which they were stored.

        Only attributions of this organization, even if other organizations can access the repository too.
        """

    async def request_claims(self, connection_id: ConnectionId) -> None:
        """Let a connection claim earlier commits in all organizations of its user, also if it did before."""

    async def follow_memberships(self) -> int:
        """Add claims for new members, and return how many were added.

        The claims of former members are deleted: if they become members again, they claim again.
        """

    async def list_due_claims(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return at most `limit` integrations with claims to apply, those that wait longest first."""

    async def apply_claims(self, claims: CommitClaims, *, limit: int) -> ClaimResult:
        """Attribute at most `limit` attributions to the claiming users, by account id or verified address.

        Returns no commits if another process works on these claims. Claims of a removed or revoked connection, and of
        a former member, are done without a result.
        """
