"""Commits from before their people connected, which become theirs afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.domain_events import CommitsClaimedData, DomainEvent, DomainEventType
from core.domain.identifiers import ConnectionId, IntegrationId, OrganizationId, RepoId
from core.domain.links import Link


@dataclass(frozen=True, slots=True)
class CommitClaim:
    """One connection's claim on the earlier commits of one integration, still to be looked into.

    By number and address alone: an earlier commit's login may have been someone else's then.
    """

    connection_id: ConnectionId
    integration_id: IntegrationId
    organization_id: OrganizationId
    installation: str
    user_id: UUID


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one step of a claim came to: commits by repository, and whether nothing is left."""

    commits: Mapping[RepoId, int]
    is_done: bool


def commits_claimed(
    claim: CommitClaim, claimed: Claimed, links: Iterable[Link], *, at: datetime
) -> list[DomainEvent]:
    """Return what is told of a step: to each project of the commits, else to the organization alone."""
    listening = [link for link in links if link.webhooks_enabled]
    told = {link.repo_id for link in listening}
    per_project = [
        _fact(claim, claimed.commits[link.repo_id], link, at)
        for link in listening
        if link.repo_id in claimed.commits
    ]
    untold = sum(count for repo_id, count in claimed.commits.items() if repo_id not in told)
    return [*per_project, *([_fact(claim, untold, None, at)] if untold else [])]


def _fact(claim: CommitClaim, commits: int, link: Link | None, at: datetime) -> DomainEvent:
    return DomainEvent(
        type=DomainEventType.COMMITS_CLAIMED,
        organization_id=claim.organization_id,
        integration_id=claim.integration_id,
        project_id=link.project_id if link else None,
        link_id=link.id if link else None,
        repo_id=link.repo_id if link else None,
        occurred_at=at,
        data=CommitsClaimedData(claim.user_id, commits),
    )
