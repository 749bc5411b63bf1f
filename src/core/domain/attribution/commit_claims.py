"""Commits from before their authors connected, which are attributed to them afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.links.link import Link
from core.domain.streams.domain_event import CommitsClaimedData, DomainEvent, DomainEventType


@dataclass(frozen=True, slots=True)
class CommitClaims:
    """The open claims of users to earlier commits of one integration.

    Commits are claimed by account id, verified address and the member's address in crewkit. A login does not count: it
    may have belonged to another account.
    """

    integration_id: IntegrationId
    organization_id: OrganizationId
    installation: str


@dataclass(frozen=True, slots=True)
class ClaimedCommits:
    """The number of commits of one repository that were attributed to one user."""

    user_id: UUID
    repo_id: RepoId
    commits: int


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """The result of one step, and whether no claim is left."""

    commits: Sequence[ClaimedCommits]
    is_done: bool

    @property
    def total(self) -> int:
        """The number of commits that were claimed."""
        return sum(claimed.commits for claimed in self.commits)


def build_claim_events(
    organization_id: OrganizationId,
    integration_id: IntegrationId,
    commits: Iterable[ClaimedCommits],
    links: Iterable[Link],
    *,
    at: datetime,
) -> list[DomainEvent]:
    """Return one event for each link of a repository with webhooks enabled, or else one without a project."""
    listening: dict[RepoId, list[Link]] = {}
    for link in links:
        if link.webhooks_enabled and link.integration_id == integration_id:
            listening.setdefault(link.repo_id, []).append(link)
    return [
        DomainEvent(
            type=DomainEventType.COMMITS_CLAIMED,
            organization_id=organization_id,
            integration_id=integration_id,
            project_id=link.project_id if link else None,
            link_id=link.id if link else None,
            repo_id=repository.repo_id,
            occurred_at=at,
            data=CommitsClaimedData(repository.user_id, repository.commits),
        )
        for repository in commits
        for link in listening.get(repository.repo_id, [None])
    ]
