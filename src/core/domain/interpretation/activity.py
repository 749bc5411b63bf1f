"""Pushes and pull requests: what people do in a linked repository."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.domain.domain_events import (
    MAX_CO_AUTHORS,
    MAX_COMMITS,
    MAX_MESSAGE,
    MAX_NAME,
    DomainEvent,
    DomainEventType,
    EventData,
    Person,
    ProviderAccount,
    PullRequestData,
    PullRequestSide,
    PushData,
    PushedCommit,
)
from core.domain.events import Event, EventStatus, Outcome, Verdict
from core.domain.identifiers import RepoId
from core.domain.integrations import Integration
from core.domain.interpretation.view import Interpretation, View, ignored
from core.domain.links import Link
from core.domain.notices import Author, BranchRef, Commit, ProviderUser, PullRequest, Push
from core.domain.repositories import Repository
from core.domain.trailers import co_authors

_BRANCH = "refs/heads/"
_TAG = "refs/tags/"


def interpret_push(event: Event, push: Push, view: View, integration: Integration) -> Interpretation:
    """Tell every linked project of a push, and note when its repository was last pushed to."""
    told = _tell_links(
        event,
        view,
        integration,
        repo_id=push.repository.repo_id,
        event_type=DomainEventType.PUSH,
        occurred_at=push.repository.pushed_at,
        data=lambda: push_data(push),
    )
    known = view.repositories.get(push.repository.repo_id)
    return replace(told, repositories=_pushed(known, push.repository.pushed_at))


def interpret_pull_request(
    event: Event, pull: PullRequest, view: View, integration: Integration
) -> Interpretation:
    """Tell every linked project of a pull request."""
    return _tell_links(
        event,
        view,
        integration,
        repo_id=pull.repository.repo_id,
        event_type=DomainEventType.PULL_REQUEST,
        occurred_at=pull.updated_at,
        data=lambda: pull_request_data(pull),
    )


def _tell_links(
    event: Event,
    view: View,
    integration: Integration,
    *,
    repo_id: RepoId,
    event_type: DomainEventType,
    occurred_at: datetime | None,
    data: Callable[[], EventData],
) -> Interpretation:
    links = tuple(link for link in view.links if link.repo_id == repo_id)
    if not links:
        return ignored("repository_not_linked", subject="repository", subject_id=repo_id)
    verdicts = tuple(_verdict(link) for link in links)
    listening = tuple(link for link in links if link.webhooks_enabled)
    if not listening:
        return Interpretation(EventStatus.IGNORED, "webhooks_disabled", verdicts, matched_links=links)
    shared = data()
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=verdicts,
        matched_links=links,
        domain_events=tuple(
            DomainEvent(
                type=event_type,
                organization_id=integration.organization_id,
                integration_id=integration.id,
                project_id=link.project_id,
                link_id=link.id,
                repo_id=repo_id,
                occurred_at=occurred_at or event.created_at,
                source_event_id=event.id,
                data=shared,
            )
            for link in listening
        ),
    )


def _verdict(link: Link) -> Verdict:
    outcome, reason = (
        (Outcome.PROCESSED, "delivered") if link.webhooks_enabled else (Outcome.IGNORED, "webhooks_disabled")
    )
    return Verdict("link", outcome, reason, str(link.external_id), link.project_external_id)


def _pushed(repository: Repository | None, at: datetime | None) -> tuple[Repository, ...]:
    if repository is None or at is None or (repository.pushed_at and repository.pushed_at >= at):
        return ()
    return (replace(repository, pushed_at=at),)


def push_data(push: Push) -> PushData:
    """Return what consumers are told of a push: branch deletes, tags, forced and empty pushes included.

    Only the prefix is taken off a ref: branch names may hold slashes, `#` and any Unicode.
    """
    is_tag = push.ref.startswith(_TAG)
    return PushData(
        repo_id=push.repository.repo_id,
        full_name=push.repository.full_name,
        ref=push.ref,
        ref_type="tag" if is_tag else "branch",
        branch=None if is_tag else push.ref.removeprefix(_BRANCH),
        before=push.before,
        after=push.after,
        created=push.created,
        deleted=push.deleted,
        forced=push.forced,
        default_branch=push.repository.default_branch,
        compare_url=push.compare_url,
        pusher=_person(push.pusher) if push.pusher else None,
        sender=_account(push.sender),
        commits=tuple(_commit(commit) for commit in push.commits[-MAX_COMMITS:]),
        commits_truncated=push.commits_total > MAX_COMMITS,
    )


def pull_request_data(pull: PullRequest) -> PullRequestData:
    """Return what consumers are told of a pull request."""
    return PullRequestData(
        repo_id=pull.repository.repo_id,
        full_name=pull.repository.full_name,
        action=pull.action,
        number=pull.number,
        title=pull.title,
        state=pull.state,
        draft=pull.draft,
        merged=pull.merged,
        url=pull.url,
        head=_side(pull.head),
        base=_side(pull.base),
        # A deleted fork has no repository left: still not ours.
        from_fork=pull.head.repo_id != pull.base.repo_id,
        author=_account(pull.author),
        merged_by=_account(pull.merged_by),
        merge_commit_sha=pull.merge_commit_sha,
        sender=_account(pull.sender),
    )


def _commit(commit: Commit) -> PushedCommit:
    return PushedCommit(
        sha=commit.sha,
        message=commit.message[:MAX_MESSAGE],
        timestamp=commit.timestamp,
        url=commit.url,
        author=_person(commit.author),
        co_authors=tuple(_person(author) for author in co_authors(commit.message)[:MAX_CO_AUTHORS]),
    )


def _person(author: Author) -> Person:
    # An address cut short would be another one.
    email = author.email if author.email and len(author.email) <= MAX_NAME else None
    return Person(author.name[:MAX_NAME], email, author.username)


def _account(user: ProviderUser | None) -> ProviderAccount | None:
    return ProviderAccount(user.id, user.login, user.kind) if user else None


def _side(side: BranchRef) -> PullRequestSide:
    return PullRequestSide(side.ref, side.sha, side.repo_id, side.repo_full_name)
