"""What a provider told us, in our own words.

A provider adapter reads a delivery's payload into one of these; nothing past it knows the provider's
field names. Times are the provider's own; None where it told none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.identifiers import AccountId, ProviderUserId, RepoId


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """A provider account as it appears in a payload; `kind` is `User`, `Bot` or `Organization`.

    `id` is None where the provider names the account by its login alone.
    """

    id: str | None
    login: str
    kind: str = "User"


@dataclass(frozen=True, slots=True)
class Author:
    """Someone a commit names, as written in it: a claim, never authentication.

    `noreply_id` is the account's number where the address is one that the provider makes of it; `account_id`
    that of the account the provider says the address is of, where it told the number too.
    """

    name: str
    email: str | None = None
    username: str | None = None
    noreply_id: ProviderUserId | None = None
    account_id: ProviderUserId | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a push; its co-authors are those its message names."""

    sha: str
    message: str
    timestamp: datetime | None
    url: str | None
    author: Author
    committer: Author | None = None
    co_authors: tuple[Author, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class RepositoryFacts:
    """What a payload says of a repository; None where it does not say.

    `whole` tells a full description, where None means "has none", from the short form in lists.
    Never changed, but not frozen: a page makes a hundred, and freezing makes each five times as dear.
    """

    repo_id: RepoId
    full_name: str | None = None
    private: bool | None = None
    url: str | None = None
    owner_id: AccountId | None = None
    archived: bool | None = None
    fork: bool | None = None
    default_branch: str | None = None
    description: str | None = None
    language: str | None = None
    pushed_at: datetime | None = None
    updated_at: datetime | None = None
    whole: bool = False
    visibility: str | None = None
    topics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """Commits, a branch or a tag arrived, moved or went."""

    repository: RepositoryFacts
    ref: str
    before: str
    after: str
    created: bool
    deleted: bool
    forced: bool
    compare_url: str | None
    pusher: Author | None
    sender: ProviderUser | None
    commits: tuple[Commit, ...]
    commits_total: int
    head_commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class BranchRef:
    """One side of a pull request; the repository is None when a fork was deleted."""

    ref: str
    sha: str
    repo_id: RepoId | None
    repo_full_name: str | None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request was opened or changed; `action` is the provider's word."""

    repository: RepositoryFacts
    action: str
    number: int
    title: str
    state: str
    draft: bool
    merged: bool
    url: str | None
    head: BranchRef
    base: BranchRef
    author: ProviderUser | None
    merged_by: ProviderUser | None
    merge_commit_sha: str | None
    sender: ProviderUser | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """What a payload says of an installation; None where it does not say."""

    account_id: AccountId | None
    account_login: str | None
    account_type: str | None
    account_url: str | None
    repository_selection: str | None
    permissions: Mapping[str, str]
    updated_at: datetime | None
    manage_url: str | None = None


class InstallationStep(Enum):
    """What happened to an installation as a whole."""

    CREATED = "created"
    DELETED = "deleted"
    SUSPENDED = "suspend"
    UNSUSPENDED = "unsuspend"
    PERMISSIONS_ACCEPTED = "new_permissions_accepted"


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """An installation was created, deleted, suspended, unsuspended or given new permissions."""

    step: InstallationStep
    installation: InstallationFacts
    repositories: tuple[RepositoryFacts, ...] = ()
    requester_id: ProviderUserId | None = None
    sender_id: ProviderUserId | None = None


@dataclass(frozen=True, slots=True)
class RepositoriesChanged:
    """An installation may see more or fewer repositories than before."""

    repository_selection: str | None
    added: tuple[RepositoryFacts, ...] = ()
    removed: tuple[RepositoryFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRenamed:
    """The account that owns an installation has a new login; its id stays."""

    account_id: AccountId | None
    login: str
    url: str | None
    updated_at: datetime | None = None


class RepositoryStep(Enum):
    """What happened to one repository."""

    CREATED = "created"
    RENAMED = "renamed"
    EDITED = "edited"
    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"
    PRIVATIZED = "privatized"
    PUBLICIZED = "publicized"
    TRANSFERRED = "transferred"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """One repository was created, renamed, edited, archived, transferred, deleted or changed visibility."""

    step: RepositoryStep
    repository: RepositoryFacts


@dataclass(frozen=True, slots=True)
class AuthorizationRevoked:
    """A person withdrew our app's authorization at the provider."""

    user_id: ProviderUserId


@dataclass(frozen=True, slots=True)
class Unhandled:
    """An event we are told of and do not act on; `reason` is a stable word for the ledger."""

    reason: str


ProviderEvent = (
    Push
    | PullRequest
    | InstallationChanged
    | RepositoriesChanged
    | AccountRenamed
    | RepositoryChanged
    | AuthorizationRevoked
    | Unhandled
)


def is_older(time: datetime | None, state: datetime | None) -> bool:
    """Return whether a fact is older than the stored state; GitHub does not promise an order of delivery."""
    return time is not None and state is not None and time < state


def is_newer(time: datetime | None, state: datetime | None) -> bool:
    """Return whether a fact is newer; a missing or equal time proves nothing, so the repository is read again."""
    return time is not None and (state is None or time > state)
