from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.attribution.attribution import Attribution, Identities, Sought
from core.domain.attribution.views import AttributionFilter, AttributionView
from core.domain.identifiers import OrganizationId, RepoId


class AttributionStore(Protocol):
    """Whose commits are. An organization is never told of a user who is not its member at that moment."""

    async def identities(
        self, provider: str, sought: Sought, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users with live connections among those sought, and which of these they are members of.

        A login that two connections claim is nobody's: one of them was renamed and not yet looked up again.
        """

    async def add(self, attributions: Sequence[Attribution]) -> None:
        """Keep these; what is known of a repository, commit, role and address stays as it is."""

    async def page(
        self,
        organization_id: OrganizationId,
        where: AttributionFilter,
        *,
        limit: int,
        before: int | None = None,
    ) -> Sequence[AttributionView]:
        """Return at most `limit` attributions, the latest first, those below `before` only."""

    async def of_commits(
        self, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
    ) -> Sequence[AttributionView]:
        """Return the people of these commits of a repository, in the order in which they were told.

        A repository of another organization has none, even where both see the same.
        """
