"""GitHub's payloads as domain values.

Times come as ISO text with any offset, as epoch seconds, or not at all; short forms lack most fields.
Fields that `payload_shapes` does not name are skipped without being built.
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from adapters.github.protocol import payload_shapes as shapes
from adapters.github.protocol.authors import AuthorReader, PushAuthors
from adapters.github.protocol.changed_files import read_changed_files
from adapters.github.protocol.payload_shapes import Timestamp
from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import TolerantDecoder, Unreadable
from adapters.github.urls import parse_web_url
from core.domain.catalog.repository import known_visibility
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    BranchRef,
    Commit,
    InstallationChanged,
    InstallationFacts,
    InstallationStep,
    ProviderEvent,
    ProviderUser,
    PullRequest,
    PullRequestChanges,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
    Unhandled,
)

# The temporary branches that a merge queue tests.
# https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
_MERGE_QUEUE = "refs/heads/gh-readonly-queue/"


def parse_time(value: Timestamp) -> datetime | None:
    """Return a time as an aware UTC datetime, or None if it is missing or invalid."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if value:
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def read_payload(
    event_type: str, action: str | None, text: bytes, people: AuthorReader, skipped: SkippedFields
) -> ProviderEvent:
    """Return the provider event of a payload, and record its skipped fields.

    Raises `Unreadable` if a required field is missing or has the wrong type, or msgspec's errors for what is not JSON.
    """
    if event_type == "push":
        return _to_push(_decode_push(text, skipped), people, skipped)
    if event_type in _WITHOUT_ACTION:
        return _WITHOUT_ACTION[event_type](text, skipped)
    reader = _BY_ACTION.get(event_type)
    if reader is None:
        return Unhandled("event_not_handled")
    if action is None:
        reason = skipped.reasons.get("action")
        raise Unreadable("action", reason) if reason else Unreadable.at("action", "missing", "text")
    return reader(text, action, skipped)


def _to_push(push: shapes.Push, people: AuthorReader, skipped: SkippedFields) -> ProviderEvent:
    sender = _to_user(push.sender)
    authors = people.start_push(sender)
    commits = tuple(_to_commit(commit, authors) for commit in push.commits)
    head = push.head_commit
    # Almost always the last commit once more. Comparing the two costs a small part of converting one.
    is_last = head is not None and bool(push.commits) and head == push.commits[-1]
    return Push(
        repository=_to_repository(push.repository),
        ref=push.ref,
        before=push.before,
        after=push.after,
        created=push.created,
        deleted=push.deleted,
        forced=push.forced,
        compare_url=parse_web_url(push.compare),
        pusher=authors.pusher(push.pusher.name or "", push.pusher.email) if push.pusher else None,
        sender=sender,
        commits=commits,
        commits_total=len(commits),
        head_commit=commits[-1] if is_last else _to_commit(head, authors) if head else None,
        changed_files=read_changed_files(push, skipped),
        is_merge_queue=push.ref.startswith(_MERGE_QUEUE),
    )


def _read_pull_request(text: bytes, action: str, skipped: SkippedFields) -> ProviderEvent:
    event = _decode_pull_request(text, skipped)
    pull = event.pull_request
    return PullRequest(
        repository=_to_repository(event.repository),
        action=action,
        number=pull.number,
        title=pull.title or "",
        state=pull.state or ("closed" if action == "closed" else "open"),
        draft=bool(pull.draft),
        merged=bool(pull.merged),
        url=parse_web_url(pull.html_url),
        head=_to_branch_ref(pull.head),
        base=_to_base_ref(pull.base, event.repository),
        author=_to_user(pull.user),
        merged_by=_to_user(pull.merged_by),
        merge_commit_sha=pull.merge_commit_sha,
        sender=_to_user(event.sender),
        updated_at=parse_time(pull.updated_at),
        changes=_to_changes(event.changes),
        labels=tuple(label.name for label in pull.labels),
    )


def _to_changes(changes: shapes.Changes | None) -> PullRequestChanges | None:
    """Return the former title and base; None if neither was edited."""
    if changes is None:
        return None
    base = changes.base or shapes.ChangedBase()
    title, ref, sha = (previous.value if previous else None for previous in (changes.title, base.ref, base.sha))
    return PullRequestChanges(title, ref, sha) if title or ref or sha else None


def _read_installation(text: bytes, action: str, skipped: SkippedFields) -> ProviderEvent:
    try:
        step = InstallationStep(action)
    except ValueError:
        return Unhandled("action_not_handled")
    event = _decode_installation(text, skipped)
    facts, account = event.installation, event.installation.account or shapes.Account()
    requester, sender = event.requester or shapes.Account(), event.sender or shapes.Account()
    return InstallationChanged(
        step=step,
        installation=InstallationFacts(
            account_id=AccountId(str(account.id)) if account.id else None,
            account_login=account.login or account.slug,
            account_type=account.type if facts.account else None,
            account_url=parse_web_url(account.html_url),
            repository_selection=facts.repository_selection,
            permissions=facts.permissions or {},
            updated_at=parse_time(facts.updated_at),
        ),
        repositories=tuple(map(_to_repository, event.repositories)),
        requester_id=ProviderUserId(str(requester.id)) if requester.id else None,
        sender_id=ProviderUserId(str(sender.id)) if sender.id else None,
        sender=_to_user(event.sender),
    )


def _read_installation_repositories(text: bytes, skipped: SkippedFields) -> ProviderEvent:
    event = _decode_repositories(text, skipped)
    return RepositoriesChanged(
        repository_selection=event.repository_selection,
        added=tuple(map(_to_repository, event.repositories_added)),
        removed=tuple(map(_to_repository, event.repositories_removed)),
        sender=_to_user(event.sender),
    )


def _read_installation_target(text: bytes, action: str, skipped: SkippedFields) -> ProviderEvent:
    if action != "renamed":
        return Unhandled("action_not_handled")
    event = _decode_target(text, skipped)
    account = event.account
    name = account.login or account.slug
    if not name:
        raise Unreadable.at("account.login", "missing, and `account.slug` is missing too", "the account's new name")
    account_id = AccountId(str(account.id)) if account.id else None
    return AccountRenamed(
        account_id, name, parse_web_url(account.html_url), parse_time(account.updated_at), _to_user(event.sender)
    )


def _read_repository(text: bytes, action: str, skipped: SkippedFields) -> ProviderEvent:
    try:
        step = RepositoryStep(action)
    except ValueError:
        return Unhandled("action_not_handled")
    return _to_repository_change(step, text, skipped)


def _read_public(text: bytes, skipped: SkippedFields) -> ProviderEvent:
    # Equal to `repository` with `publicized`. Apps receive either or both.
    return _to_repository_change(RepositoryStep.PUBLICIZED, text, skipped)


def _to_repository_change(step: RepositoryStep, text: bytes, skipped: SkippedFields) -> ProviderEvent:
    event = _decode_repository(text, skipped)
    return RepositoryChanged(step, _to_repository(event.repository), _to_user(event.sender))


def _read_authorization(text: bytes, action: str, skipped: SkippedFields) -> ProviderEvent:
    if action != "revoked":
        return Unhandled("action_not_handled")
    sender = _decode_authorization(text, skipped).sender
    return AuthorizationRevoked(ProviderUserId(str(sender.id)), ProviderUser(str(sender.id), sender.login or ""))


def _read_ping(_text: bytes, _skipped: SkippedFields) -> ProviderEvent:
    return Unhandled("ping")


def _to_repository(repository: shapes.Repository) -> RepositoryFacts:
    owner = repository.owner
    return RepositoryFacts(
        repo_id=RepoId(str(repository.id)),
        full_name=repository.full_name or None,
        private=repository.private,
        url=parse_web_url(repository.html_url),
        owner_id=AccountId(str(owner.id)) if owner and owner.id else None,
        archived=repository.archived,
        fork=repository.fork,
        default_branch=repository.default_branch,
        description=repository.description,
        language=repository.language,
        pushed_at=parse_time(repository.pushed_at),
        updated_at=parse_time(repository.updated_at),
        # Only the full form names an owner; lists in installation events do not.
        whole=owner is not None,
        visibility=known_visibility(repository.visibility),
        topics=None if repository.topics is None else tuple(repository.topics),
    )


def _to_commit(commit: shapes.Commit, authors: PushAuthors) -> Commit:
    committer, message = commit.committer, commit.message or ""
    author = (
        authors.author(commit.author.name or "", commit.author.email, commit.author.username)
        if commit.author
        else authors.author("", None, None)
    )
    return Commit(
        sha=commit.id,
        message=message,
        timestamp=parse_time(commit.timestamp),
        url=parse_web_url(commit.url),
        author=author,
        committer=authors.author(committer.name or "", committer.email, committer.username) if committer else None,
        co_authors=authors.co_authors(message, author),
        distinct=commit.distinct,
    )


def _to_user(account: shapes.Account | None) -> ProviderUser | None:
    if account is None or not (account.id or account.login):
        return None
    return ProviderUser(str(account.id) if account.id else None, account.login or "", account.type)


def _to_branch_ref(side: shapes.Side | None) -> BranchRef:
    if side is None:
        return BranchRef("", "", None, None)
    repo = side.repo
    return BranchRef(side.ref, side.sha, RepoId(str(repo.id)) if repo else None, repo.full_name if repo else None)


def _to_base_ref(side: shapes.Side | None, repository: shapes.Repository) -> BranchRef:
    """Return the side that a pull request is merged into, which is always in the event's repository."""
    base = _to_branch_ref(side)
    return (
        base if base.repo_id else replace(base, repo_id=RepoId(str(repository.id)), repo_full_name=repository.full_name)
    )


_decode_push = TolerantDecoder(shapes.Push).decode
_decode_pull_request = TolerantDecoder(shapes.PullRequest).decode
_decode_installation = TolerantDecoder(shapes.InstallationEvent).decode
_decode_repositories = TolerantDecoder(shapes.RepositoriesEvent).decode
_decode_target = TolerantDecoder(shapes.TargetEvent).decode
_decode_repository = TolerantDecoder(shapes.RepositoryEvent).decode
_decode_authorization = TolerantDecoder(shapes.AuthorizationEvent).decode

_WITHOUT_ACTION: Mapping[str, Callable[[bytes, SkippedFields], ProviderEvent]] = {
    "installation_repositories": _read_installation_repositories,
    "public": _read_public,
    "ping": _read_ping,
}
_BY_ACTION: Mapping[str, Callable[[bytes, str, SkippedFields], ProviderEvent]] = {
    "pull_request": _read_pull_request,
    "installation": _read_installation,
    "installation_target": _read_installation_target,
    "repository": _read_repository,
    "github_app_authorization": _read_authorization,
}
HANDLED = frozenset({*_BY_ACTION, *_WITHOUT_ACTION, "push"}) - {"ping"}
"""The event types that the service processes."""
