from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.attribution.attribution import (
    Attribution,
    AttributionFilter,
    AttributionView,
    Identities,
    IdentityQuery,
)
from core.domain.identifiers import OrganizationId, RepoId


class AttributionStore(Protocol):
    """The users of commit authors.

    An organization never sees a user who is not its member at that moment.
    """

    async def find_identities(
        self, provider: str, people: IdentityQuery, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users found by their connections that are not revoked, and the members found by their address.

        Members are found by the addresses that `CommitClaimStore.follow_memberships` last read. An address of two
        members is left out. Only memberships in the given organizations are returned. A login that two connections
        have is left out: one of the accounts was renamed, and its connection is not updated yet.
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
