"""Commits from before their people connected, which become theirs afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.links.link import Link
from core.domain.streams.domain_event import CommitsClaimedData, DomainEvent, DomainEventType


@dataclass(frozen=True, slots=True)
class CommitClaims:
    """The claims on one integration's earlier commits that are still to be looked into, whoever made them.

    By number and address alone: an earlier commit's login may have been someone else's then.
    """

    integration_id: IntegrationId
    organization_id: OrganizationId
    installation: str


@dataclass(frozen=True, slots=True)
class ClaimedCommits:
    """How many commits of one repository turned out to be one user's."""

    user_id: UUID
    repo_id: RepoId
    commits: int


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What one step came to, and whether nothing is left."""

    commits: Sequence[ClaimedCommits]
    is_done: bool

    @property
    def total(self) -> int:
        """How many commits were claimed."""
        return sum(one.commits for one in self.commits)


def build_claim_events(
    claims: CommitClaims, claimed: ClaimResult, links: Iterable[Link], *, at: datetime
) -> list[DomainEvent]:
    """Return what is told of a step: to each project that listens, else to the organization alone."""
    listening: dict[RepoId, list[Link]] = {}
    for link in links:
        if link.webhooks_enabled:
            listening.setdefault(link.repo_id, []).append(link)
    return [
        DomainEvent(
            type=DomainEventType.COMMITS_CLAIMED,
            organization_id=claims.organization_id,
            integration_id=claims.integration_id,
            project_id=link.project_id if link else None,
            link_id=link.id if link else None,
            repo_id=one.repo_id,
            occurred_at=at,
            data=CommitsClaimedData(one.user_id, one.commits),
        )
        for one in claimed.commits
        for link in listening.get(one.repo_id, [None])
    ]
