"""GitHub's payloads, decoded to just the fields we use and told in the domain's words.

Types are as tolerant as real deliveries need and no more: times come as ISO text with any offset, as epoch
seconds, or not at all; short forms lack most fields. Unknown fields are skipped without being built.
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from adapters.github.people import PeopleOfPush, PeopleReader
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.notices import (
    AccountRenamed,
    AuthorizationRevoked,
    BranchRef,
    Commit,
    InstallationChanged,
    InstallationFacts,
    InstallationStep,
    Notice,
    ProviderUser,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
    Unhandled,
)

Moment = str | int | None


class _Account(msgspec.Struct):
    id: int
    login: str = ""
    type: str = "User"
    html_url: str | None = None
    updated_at: Moment = None


class _Repository(msgspec.Struct):
    id: int
    full_name: str
    private: bool = True
    html_url: str | None = None
    owner: _Account | None = None
    archived: bool | None = None
    fork: bool | None = None
    default_branch: str | None = None
    description: str | None = None
    language: str | None = None
    pushed_at: Moment = None
    updated_at: Moment = None

    def facts(self) -> RepositoryFacts:
        # Only the full form names an owner; lists in installation events do not.
        return RepositoryFacts(
            repo_id=RepoId(str(self.id)),
            full_name=self.full_name,
            private=self.private,
            url=self.html_url,
            owner_id=AccountId(str(self.owner.id)) if self.owner else None,
            archived=self.archived,
            fork=self.fork,
            default_branch=self.default_branch,
            description=self.description,
            language=self.language,
            pushed_at=moment(self.pushed_at),
            updated_at=moment(self.updated_at),
            whole=self.owner is not None,
        )


class _Author(msgspec.Struct):
    name: str | None = None
    email: str | None = None
    username: str | None = None


class _Commit(msgspec.Struct):
    id: str
    message: str
    author: _Author
    timestamp: Moment = None
    url: str | None = None
    committer: _Author | None = None


class _Push(msgspec.Struct):
    ref: str
    before: str
    after: str
    repository: _Repository
    created: bool = False
    deleted: bool = False
    forced: bool = False
    compare: str | None = None
    commits: list[_Commit] = []
    head_commit: _Commit | None = None
    pusher: _Author | None = None
    sender: _Account | None = None


class _Side(msgspec.Struct):
    ref: str
    sha: str
    repo: _Repository | None = None


class _Pull(msgspec.Struct):
    number: int
    title: str
    state: str
    head: _Side
    base: _Side
    html_url: str | None = None
    draft: bool = False
    merged: bool | None = False
    user: _Account | None = None
    merged_by: _Account | None = None
    merge_commit_sha: str | None = None
    updated_at: Moment = None


class _PullRequest(msgspec.Struct):
    action: str
    pull_request: _Pull
    repository: _Repository
    sender: _Account | None = None


class _Installation(msgspec.Struct):
    id: int
    account: _Account | None = None
    html_url: str | None = None
    repository_selection: str | None = None
    permissions: dict[str, str] = {}
    updated_at: Moment = None


class _InstallationEvent(msgspec.Struct):
    action: str
    installation: _Installation
    repositories: list[_Repository] = []
    requester: _Account | None = None
    sender: _Account | None = None


class _RepositoriesEvent(msgspec.Struct):
    repository_selection: str | None = None
    repositories_added: list[_Repository] = []
    repositories_removed: list[_Repository] = []


class _TargetEvent(msgspec.Struct):
    action: str
    account: _Account


class _RepositoryEvent(msgspec.Struct):
    action: str
    repository: _Repository


class _AuthorizationEvent(msgspec.Struct):
    action: str
    sender: _Account


def moment(value: Moment) -> datetime | None:
    """Return a time of GitHub's as an aware UTC datetime, or None where there is none to be read."""
    try:
        if isinstance(value, int):
            return datetime.fromtimestamp(value, UTC)
        if value:
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def read_payload(event_type: str, action: str | None, text: bytes, people: PeopleReader) -> Notice:
    """Read one payload; raises msgspec's errors where it does not have its event's shape."""
    if event_type == "push":
        return _push(text, people)
    reader = _READERS.get(event_type)
    return reader(text, action) if reader else Unhandled("event_not_handled")


def _push(text: bytes, people: PeopleReader) -> Notice:
    push = _decode_push(text)
    sender = _user(push.sender)
    named = people.of_push(sender)
    return Push(
        repository=push.repository.facts(),
        ref=push.ref,
        before=push.before,
        after=push.after,
        created=push.created,
        deleted=push.deleted,
        forced=push.forced,
        compare_url=push.compare,
        pusher=named.pusher(push.pusher.name or "", push.pusher.email) if push.pusher else None,
        sender=sender,
        commits=tuple(_commit(commit, named) for commit in push.commits),
        commits_total=len(push.commits),
        head_commit=_commit(push.head_commit, named) if push.head_commit else None,
    )


def _pull_request(text: bytes, _action: str | None) -> Notice:
    event = _decode_pull_request(text)
    pull = event.pull_request
    return PullRequest(
        repository=event.repository.facts(),
        action=event.action,
        number=pull.number,
        title=pull.title,
        state=pull.state,
        draft=pull.draft,
        merged=bool(pull.merged),
        url=pull.html_url,
        head=_side(pull.head),
        base=_side(pull.base),
        author=_user(pull.user),
        merged_by=_user(pull.merged_by),
        merge_commit_sha=pull.merge_commit_sha,
        sender=_user(event.sender),
        updated_at=moment(pull.updated_at),
    )


def _installation(text: bytes, action: str | None) -> Notice:
    try:
        step = InstallationStep(action)
    except ValueError:
        return Unhandled("action_not_handled")
    event = _decode_installation(text)
    facts, account = event.installation, event.installation.account
    return InstallationChanged(
        step=step,
        installation=InstallationFacts(
            account_id=AccountId(str(account.id)) if account else None,
            account_login=account.login if account else None,
            account_type=account.type if account else None,
            account_url=account.html_url if account else None,
            repository_selection=facts.repository_selection,
            permissions=facts.permissions,
            updated_at=moment(facts.updated_at),
        ),
        repositories=tuple(repository.facts() for repository in event.repositories),
        requester_id=ProviderUserId(str(event.requester.id)) if event.requester else None,
        sender_id=ProviderUserId(str(event.sender.id)) if event.sender else None,
    )


def _installation_repositories(text: bytes, _action: str | None) -> Notice:
    event = _decode_repositories(text)
    return RepositoriesChanged(
        repository_selection=event.repository_selection,
        added=tuple(repository.facts() for repository in event.repositories_added),
        removed=tuple(repository.facts() for repository in event.repositories_removed),
    )


def _installation_target(text: bytes, action: str | None) -> Notice:
    if action != "renamed":
        return Unhandled("action_not_handled")
    account = _decode_target(text).account
    return AccountRenamed(
        AccountId(str(account.id)), account.login, account.html_url, moment(account.updated_at)
    )


def _repository(text: bytes, action: str | None) -> Notice:
    try:
        step = RepositoryStep(action)
    except ValueError:
        return Unhandled("action_not_handled")
    return RepositoryChanged(step, _decode_repository(text).repository.facts())


def _authorization(text: bytes, action: str | None) -> Notice:
    if action != "revoked":
        return Unhandled("action_not_handled")
    return AuthorizationRevoked(ProviderUserId(str(_decode_authorization(text).sender.id)))


def _ping(_text: bytes, _action: str | None) -> Notice:
    return Unhandled("ping")


def _commit(commit: _Commit, named: PeopleOfPush) -> Commit:
    author, committer = commit.author, commit.committer
    return Commit(
        sha=commit.id,
        message=commit.message,
        timestamp=moment(commit.timestamp),
        url=commit.url,
        author=named.author(author.name or "", author.email, author.username),
        committer=named.author(committer.name or "", committer.email, committer.username)
        if committer
        else None,
        co_authors=named.co_authors(commit.message),
    )


def _user(account: _Account | None) -> ProviderUser | None:
    return ProviderUser(str(account.id), account.login, account.type) if account else None


def _side(side: _Side) -> BranchRef:
    repo = side.repo
    return BranchRef(
        side.ref, side.sha, RepoId(str(repo.id)) if repo else None, repo.full_name if repo else None
    )


_decode_push = msgspec.json.Decoder(_Push).decode
_decode_pull_request = msgspec.json.Decoder(_PullRequest).decode
_decode_installation = msgspec.json.Decoder(_InstallationEvent).decode
_decode_repositories = msgspec.json.Decoder(_RepositoriesEvent).decode
_decode_target = msgspec.json.Decoder(_TargetEvent).decode
_decode_repository = msgspec.json.Decoder(_RepositoryEvent).decode
_decode_authorization = msgspec.json.Decoder(_AuthorizationEvent).decode

_READERS: dict[str, Callable[[bytes, str | None], Notice]] = {
    "pull_request": _pull_request,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
    "installation_target": _installation_target,
    "repository": _repository,
    "github_app_authorization": _authorization,
    "ping": _ping,
}
HANDLED = frozenset({*_READERS, "push"}) - {"ping"}
"""The event types that lead to anything."""
