"""What a webhook event says, in responses."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.events.event import Outcome
from core.domain.events.summary import EventKind
from core.domain.events.views import EventProject, EventView
from core.domain.refs import RefType


class ActorBody(msgspec.Struct):
    """The provider account that caused the event. `id` is null if the payload names only the login."""

    id: str | None
    login: str
    avatar_url: str | None
    url: str | None


class SummaryRepositoryBody(msgspec.Struct):
    """The repository, with its name at the time of the event."""

    id: str
    full_name: str | None
    url: str | None


class PullRequestBody(msgspec.Struct):
    """A pull request. `head` and `base` are the names of its branches."""

    number: int
    title: str | None
    action: str
    draft: bool
    merged: bool
    head: str | None
    base: str | None


class SummaryBody(msgspec.Struct):
    """What the event says.

    `headline` is the first line of the newest commit's message, the title of the pull request, or a sentence. It is
    null in events of repositories without a project, unless the caller may read payloads. `branch` is the branch of a
    push, or the head branch of a pull request. `commits` is the number of commits of a push. `sha` is the newest
    commit; null for a deleted branch or tag. `url` is the page of the commit, pull request or repository.
    """

    kind: EventKind
    headline: str | None
    ref_type: RefType | None
    branch: str | None
    tag: str | None
    sha: str | None
    commits: int | None
    forced: bool
    created: bool
    deleted: bool
    url: str | None
    compare_url: str | None
    pull_request: PullRequestBody | None
    actor: ActorBody | None
    repository: SummaryRepositoryBody | None


class EventProjectBody(msgspec.Struct):
    """A project that the event concerns, with the decision for it and the reason code.

    `outcome` and `reason` are null if the event is pending or has failed.
    """

    id: UUID
    name: str
    outcome: Outcome | None
    reason: str | None


def summary_body(view: EventView) -> SummaryBody | None:
    """Return the summary of an event for a response."""
    summary = view.summary
    if summary is None:
        return None
    pull, actor, repository, urls = summary.pull_request, summary.actor, summary.repository, view.actor_urls
    return SummaryBody(
        kind=summary.kind,
        headline=summary.headline,
        ref_type=summary.ref_type,
        branch=summary.ref if summary.ref_type is RefType.BRANCH else None,
        tag=summary.ref if summary.ref_type is RefType.TAG else None,
        sha=summary.sha,
        commits=summary.commits,
        forced=summary.forced,
        created=summary.created,
        deleted=summary.deleted,
        url=summary.url,
        compare_url=summary.compare_url,
        pull_request=PullRequestBody(
            pull.number, pull.title, pull.action, pull.draft, pull.merged, pull.head, pull.base
        )
        if pull
        else None,
        actor=ActorBody(actor.id, actor.login, urls.avatar if urls else None, urls.profile if urls else None)
        if actor
        else None,
        repository=SummaryRepositoryBody(repository.id, repository.full_name, repository.url) if repository else None,
    )


def project_bodies(projects: Sequence[EventProject]) -> list[EventProjectBody]:
    """Return the projects of an event for a response."""
    return [EventProjectBody(project.id, project.name, project.outcome, project.reason) for project in projects]


def duration_ms(view: EventView) -> int | None:
    """Return the milliseconds from receiving to the end of processing."""
    return None if view.duration is None else round(view.duration.total_seconds() * 1000)
