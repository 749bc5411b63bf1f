from collections.abc import Sequence
from typing import Protocol

from core.domain.attribution.git_authors import AssignmentId, AuthorAssignment, AuthorCommits, AuthorFilter, GitAuthor
from core.domain.audit import Change
from core.domain.identifiers import OrganizationId


class GitAuthorStore(Protocol):
    """The authors of an organization's commits, and the assignments of their addresses.

    Attributions are stored without assignments. Each reader applies the assignments of that moment, so an assignment
    is in effect for all commits as soon as it is committed, and its deletion restores everything.
    """

    async def list(
        self, organization_id: OrganizationId, where: AuthorFilter, *, limit: int, before: int | None = None
    ) -> Sequence[GitAuthor]:
        """Return at most `limit` authors, the last recorded first, only those with an id below `before`.

        Only current members are named. Addresses without a member have suggestions. Commits without a valid address
        are counted only for members.
        """

    async def list_commits(self, organization_id: OrganizationId, address: str) -> Sequence[AuthorCommits]:
        """Return the numbers of this organization's commits with an address, by repository."""

    async def find_assignment(self, organization_id: OrganizationId, address: str) -> AuthorAssignment | None:
        """Return the assignment of an address, and lock the assignments of the organization."""

    async def next_assignment_id(self) -> AssignmentId:
        """Return a new id."""

    async def apply(self, changes: Sequence[Change[AuthorAssignment]]) -> None:
        """Write these changes with an audit version of each."""
