"""What a delivery says happened, in a few bounded fields for lists.

`summarize` is pure. Processing stores its result with the webhook event, so a list does not read payloads.
"""

from dataclasses import dataclass
from enum import Enum

from core.domain.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    InstallationChanged,
    InstallationStep,
    ProviderEvent,
    ProviderUser,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
    Unhandled,
)
from core.domain.refs import RefType, parse_ref

MAX_HEADLINE = 200
"""The maximum length of a headline or title, in characters."""

_MAX_NAME = 255
_MAX_URL = 500


class EventKind(Enum):
    """What an event is about, in the same words for all providers.

    `push`: a branch or tag. `pull_request`: a pull request. `installation`: an installation of the app. `repositories`:
    the repositories that an installation can access. `repository`: one repository. `account`: the name of the
    provider's account. `authorization`: a user's authorization of the app. `other`: anything else.
    """

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    INSTALLATION = "installation"
    REPOSITORIES = "repositories"
    REPOSITORY = "repository"
    ACCOUNT = "account"
    AUTHORIZATION = "authorization"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SummaryActor:
    """The provider account that caused the event; `id` is None if the payload names only the login."""

    id: str | None
    login: str


@dataclass(frozen=True, slots=True)
class SummaryRepository:
    """The repository of the event, as the payload names it."""

    id: str
    full_name: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class PullRequestSummary:
    """A pull request; `title`, `head` and `base` are None if the reader may not see them."""

    number: int
    action: str
    title: str | None
    draft: bool
    merged: bool
    head: str | None
    base: str | None


@dataclass(frozen=True, slots=True)
class EventSummary:
    """What one event says. `ref` is the name of the branch or tag, or the head branch of a pull request.

    `headline` is the first line of the newest commit's message, the title of the pull request, or a sentence. It is
    None if the reader may not see it. `sha` is the newest commit; None for a deleted ref. `url` leads to the commit,
    the pull request or the repository.
    """

    kind: EventKind
    headline: str | None
    ref_type: RefType | None = None
    ref: str | None = None
    sha: str | None = None
    commits: int | None = None
    forced: bool = False
    created: bool = False
    deleted: bool = False
    url: str | None = None
    compare_url: str | None = None
    pull_request: PullRequestSummary | None = None
    actor: SummaryActor | None = None
    repository: SummaryRepository | None = None

    @property
    def search_key(self) -> str | None:
        """The text by which a search finds the event: the commit of a push, or `#` and the pull request's number."""
        return f"#{self.pull_request.number}" if self.pull_request else self.sha

    def redact(self) -> "EventSummary":
        """Return the summary without content: only the kind, the actor and the repository."""
        return EventSummary(self.kind, None, actor=self.actor, repository=self.repository)


def summarize(event_type: str, action: str | None, provider_event: ProviderEvent) -> EventSummary:
    """Return the summary of an event. Texts are cut to their maximum length; longer URLs are left out."""
    match provider_event:
        case Push():
            return _summarize_push(provider_event)
        case PullRequest():
            return _summarize_pull_request(provider_event)
        case InstallationChanged(step=step, installation=facts, sender=sender):
            account = _cut(facts.account_login) or "an account"
            return _describe(EventKind.INSTALLATION, _INSTALLATION[step].format(account), sender)
        case RepositoriesChanged(sender=sender):
            return _describe(EventKind.REPOSITORIES, _describe_access(provider_event), sender)
        case AccountRenamed(login=login, sender=sender):
            return _describe(EventKind.ACCOUNT, f"Account renamed to {_cut(login)}", sender)
        case RepositoryChanged(step=step, repository=repository, sender=sender):
            name = _cut(repository.full_name) or "repository"
            return _describe(EventKind.REPOSITORY, _REPOSITORY[step].format(name), sender, repository)
        case AuthorizationRevoked(sender=sender):
            return _describe(EventKind.AUTHORIZATION, "Authorization of the app revoked", sender)
        case Unhandled():
            words = event_type.replace("_", " ").capitalize()
            return _describe(EventKind.OTHER, f"{words} {action}" if action else words, None)


_INSTALLATION = {
    InstallationStep.CREATED: "App installed on {}",
    InstallationStep.DELETED: "App uninstalled from {}",
    InstallationStep.SUSPENDED: "App suspended on {}",
    InstallationStep.UNSUSPENDED: "App resumed on {}",
    InstallationStep.PERMISSIONS_ACCEPTED: "New permissions accepted on {}",
}
_REPOSITORY = {
    RepositoryStep.CREATED: "Created {}",
    RepositoryStep.RENAMED: "Renamed to {}",
    RepositoryStep.EDITED: "Edited {}",
    RepositoryStep.ARCHIVED: "Archived {}",
    RepositoryStep.UNARCHIVED: "Unarchived {}",
    RepositoryStep.PRIVATIZED: "Made {} private",
    RepositoryStep.PUBLICIZED: "Made {} public",
    RepositoryStep.TRANSFERRED: "Transferred {}",
    RepositoryStep.DELETED: "Deleted {}",
}


def _summarize_push(push: Push) -> EventSummary:
    ref_type, name = parse_ref(push.ref)
    name = name[:_MAX_NAME]
    head = push.head_commit or (push.commits[-1] if push.commits else None)
    headline = None
    if push.deleted:
        headline = f"Deleted {_NOUN[ref_type]} {name}"
    elif head is not None and ref_type is not RefType.TAG:
        headline = _first_line(head.message)
    if not headline:
        headline = f"{'Created' if push.created else 'Updated'} {_NOUN[ref_type]} {name}"
    return EventSummary(
        EventKind.PUSH,
        headline[:MAX_HEADLINE],
        ref_type,
        name,
        None if push.deleted else push.after[:64],
        push.commits_total,
        push.forced,
        push.created,
        push.deleted,
        _url(head.url) if head and not push.deleted else _url(push.repository.url),
        _url(push.compare_url),
        None,
        _actor(push.sender),
        _repository(push.repository),
    )


def _summarize_pull_request(pull: PullRequest) -> EventSummary:
    title = _first_line(pull.title)
    return EventSummary(
        EventKind.PULL_REQUEST,
        title or f"Pull request #{pull.number}",
        RefType.BRANCH,
        _cut(pull.head.ref),
        _cut(pull.head.sha),
        url=_url(pull.url),
        pull_request=PullRequestSummary(
            pull.number, _cut(pull.action), title, pull.draft, pull.merged, _cut(pull.head.ref), _cut(pull.base.ref)
        ),
        actor=_actor(pull.sender or pull.author),
        repository=_repository(pull.repository),
    )


_NOUN = {RefType.BRANCH: "branch", RefType.TAG: "tag", RefType.OTHER: "ref"}


def _describe(
    kind: EventKind, headline: str, sender: ProviderUser | None, repository: RepositoryFacts | None = None
) -> EventSummary:
    facts = _repository(repository) if repository else None
    url = facts.url if facts else None
    return EventSummary(kind, headline[:MAX_HEADLINE], url=url, actor=_actor(sender), repository=facts)


def _describe_access(event: RepositoriesChanged) -> str:
    parts = []
    for verb, repositories in (("granted", event.added), ("removed", event.removed)):
        if repositories:
            count = len(repositories)
            what = _cut(repositories[0].full_name) if count == 1 else None
            parts.append(f"Access {verb}: {what or f'{count:,} repositories'}")
    return "; ".join(parts) or "Access to repositories changed"


def _first_line(text: str) -> str:
    return text.lstrip().partition("\n")[0].rstrip()[:MAX_HEADLINE]


def _cut(text: str | None) -> str:
    return text[:_MAX_NAME] if text else ""


def _url(url: str | None) -> str | None:
    return url if url and len(url) <= _MAX_URL else None


def _actor(user: ProviderUser | None) -> SummaryActor | None:
    return SummaryActor(user.id, user.login[:_MAX_NAME]) if user else None


def _repository(facts: RepositoryFacts) -> SummaryRepository:
    return SummaryRepository(facts.repo_id, _cut(facts.full_name) or None, _url(facts.url))
