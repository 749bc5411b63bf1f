"""The decoded payloads of deliveries, in domain terms.

A provider's adapter decodes each payload to one of these classes; no other code knows the provider's field names.
Times are the provider's; None if the payload has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.changed_files import UNKNOWN_FILES, ChangedFiles
from core.domain.identifiers import AccountId, ProviderUserId, RepoId


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """A provider account as it appears in a payload; `kind` is `User`, `Bot` or `Organization`.

    `id` is None if the provider names the account only by its login.
    """

    id: str | None
    login: str
    kind: str = "User"


@dataclass(frozen=True, slots=True)
class Author:
    """A person that a commit names: a claim, not authentication.

    `noreply_id` is the account id in a noreply address. `account_id` is the id of the account that the provider
    reports for the address, if it reports an id.
    """

    name: str
    email: str | None = None
    username: str | None = None
    noreply_id: ProviderUserId | None = None
    account_id: ProviderUserId | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a push; its message names the co-authors.

    `distinct` is whether no earlier push of the repository had this commit.
    """

    sha: str
    message: str
    timestamp: datetime | None
    url: str | None
    author: Author
    committer: Author | None = None
    co_authors: tuple[Author, ...] = ()
    distinct: bool = True


@dataclass(slots=True, unsafe_hash=True)
class RepositoryFacts:
    """The repository data of a payload; None if the payload has no value.

    `whole` means a full description, where None means that the repository has no such value. Treat as immutable. Not
    frozen, because a page creates a hundred, and creating frozen ones takes five times as long.
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
    """A branch, a tag or another ref was created, updated or deleted.

    `changed_files` has all known paths. `is_merge_queue` is whether the ref is a temporary branch of a merge queue.
    """

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
    changed_files: ChangedFiles = UNKNOWN_FILES
    is_merge_queue: bool = False

    @property
    def authored_commits(self) -> tuple[Commit, ...]:
        """The commits whose authors are attributed: the listed commits, or else the head commit.

        A new branch or tag can have no commits that are new to the repository.
        """
        return self.commits or ((self.head_commit,) if self.head_commit else ())


@dataclass(frozen=True, slots=True)
class BranchRef:
    """One side of a pull request; the repository is None when a fork was deleted."""

    ref: str
    sha: str
    repo_id: RepoId | None
    repo_full_name: str | None


@dataclass(frozen=True, slots=True)
class PullRequestChanges:
    """The title and the base of a pull request before it was edited; None for what did not change."""

    previous_title: str | None = None
    previous_base_ref: str | None = None
    previous_base_sha: str | None = None


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
    changes: PullRequestChanges | None = None
    labels: tuple[str, ...] = ()

    @property
    def is_from_fork(self) -> bool:
        """Whether the code is from another repository. A deleted fork has no repository."""
        return self.head.repo_id != self.base.repo_id


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """The installation data of a payload; None if the payload has no value."""

    account_id: AccountId | None
    account_login: str | None
    account_type: str | None
    account_url: str | None
    repository_selection: str | None
    permissions: Mapping[str, str]
    updated_at: datetime | None
    manage_url: str | None = None


class InstallationStep(Enum):
    """What happened to an installation."""

    CREATED = "created"
    DELETED = "deleted"
    SUSPENDED = "suspend"
    UNSUSPENDED = "unsuspend"
    PERMISSIONS_ACCEPTED = "new_permissions_accepted"


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """An installation was created, deleted, suspended or unsuspended, or its new permissions were accepted."""

    step: InstallationStep
    installation: InstallationFacts
    repositories: tuple[RepositoryFacts, ...] = ()
    requester_id: ProviderUserId | None = None
    sender_id: ProviderUserId | None = None
    sender: ProviderUser | None = None


@dataclass(frozen=True, slots=True)
class RepositoriesChanged:
    """An installation can access more or fewer repositories than before."""

    repository_selection: str | None
    added: tuple[RepositoryFacts, ...] = ()
    removed: tuple[RepositoryFacts, ...] = ()
    sender: ProviderUser | None = None


@dataclass(frozen=True, slots=True)
class AccountRenamed:
    """The account that owns an installation has a new login; its id stays."""

    account_id: AccountId | None
    login: str
    url: str | None
    updated_at: datetime | None = None
    sender: ProviderUser | None = None


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
    sender: ProviderUser | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationRevoked:
    """A user revoked the app's authorization at the provider."""

    user_id: ProviderUserId
    sender: ProviderUser | None = None


@dataclass(frozen=True, slots=True)
class Unhandled:
    """An event that this service only stores; `reason` is a stable code."""

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
