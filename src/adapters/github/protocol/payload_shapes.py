"""The fields of GitHub's payloads that this service reads.

A field without a default is required: without it the event is unreadable, or the row of a list is skipped.
The envelope has the action, which all events but `push`, `public` and `installation_repositories` require.
All other fields may be missing, null or of another type. docs/payloads.md lists both, and a test compares
it with these shapes. https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import msgspec

from adapters.github.tolerant_decoder import ABSENT, Id

Timestamp = str | int | float | None
"""A time as GitHub writes it: ISO text with any offset, epoch seconds, or nothing."""


class Account(msgspec.Struct):
    """A user, an organization, or an enterprise, which has a slug instead of a login."""

    id: Id | None = None
    login: str | None = None
    slug: str | None = None
    type: str = "User"
    html_url: str | None = None
    updated_at: Timestamp = None


class Repository(msgspec.Struct):
    """A repository, whole or in the short form of lists."""

    id: Id
    full_name: str | None = None
    private: bool | None = None
    visibility: str | None = None
    html_url: str | None = None
    owner: Account | None = None
    archived: bool | None = None
    fork: bool | None = None
    default_branch: str | None = None
    description: str | None = None
    language: str | None = None
    topics: list[str] | None = None
    pushed_at: Timestamp = None
    updated_at: Timestamp = None


class Author(msgspec.Struct):
    """A person as a commit names them."""

    name: str | None = None
    email: str | None = None
    username: str | None = None


class Commit(msgspec.Struct):
    """One commit of a push. Its lists of files stay encoded, because they can be very long."""

    id: str
    message: str | None = None
    author: Author | None = None
    timestamp: Timestamp = None
    url: str | None = None
    committer: Author | None = None
    distinct: bool = True
    added: msgspec.Raw = ABSENT
    removed: msgspec.Raw = ABSENT
    modified: msgspec.Raw = ABSENT


class Push(msgspec.Struct):
    """`push`."""

    ref: str
    after: str
    repository: Repository
    before: str = ""
    created: bool = False
    deleted: bool = False
    forced: bool = False
    compare: str | None = None
    commits: list[Commit] = []
    head_commit: Commit | None = None
    pusher: Author | None = None
    sender: Account | None = None


class Side(msgspec.Struct):
    """Head or base of a pull request."""

    ref: str = ""
    sha: str = ""
    repo: Repository | None = None


class Label(msgspec.Struct):
    """A label of a pull request."""

    name: str


class Pull(msgspec.Struct):
    """A pull request."""

    number: Id
    title: str | None = None
    state: str | None = None
    head: Side | None = None
    base: Side | None = None
    html_url: str | None = None
    draft: bool | None = None
    merged: bool | None = None
    user: Account | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    updated_at: Timestamp = None
    labels: list[Label] = []


class PreviousValue(msgspec.Struct):
    """The value of a field before it was edited."""

    value: str | None = msgspec.field(name="from", default=None)


class ChangedBase(msgspec.Struct):
    """The base before a pull request got another one."""

    ref: PreviousValue | None = None
    sha: PreviousValue | None = None


class Changes(msgspec.Struct):
    """What was edited in a pull request."""

    title: PreviousValue | None = None
    base: ChangedBase | None = None


class PullRequest(msgspec.Struct):
    """`pull_request`."""

    pull_request: Pull
    repository: Repository
    changes: Changes | None = None
    sender: Account | None = None


class Installation(msgspec.Struct):
    """An installation, whole."""

    account: Account | None = None
    repository_selection: str | None = None
    permissions: dict[str, str] | None = None
    updated_at: Timestamp = None


class InstallationEvent(msgspec.Struct):
    """`installation`."""

    installation: Installation
    repositories: list[Repository] = []
    requester: Account | None = None
    sender: Account | None = None


class RepositoriesEvent(msgspec.Struct):
    """`installation_repositories`. The lists say what happened, so the action is not needed."""

    repository_selection: str | None = None
    repositories_added: list[Repository] = []
    repositories_removed: list[Repository] = []
    sender: Account | None = None


class RenamedAccount(msgspec.Struct):
    """The account of a rename, which needs a name."""

    id: Id | None = None
    login: str | None = None
    slug: str | None = None
    html_url: str | None = None
    updated_at: Timestamp = None


class TargetEvent(msgspec.Struct):
    """`installation_target`."""

    account: RenamedAccount
    sender: Account | None = None


class RepositoryEvent(msgspec.Struct):
    """`repository` and `public`."""

    repository: Repository
    sender: Account | None = None


class RevokingPerson(msgspec.Struct):
    """The person who revoked the authorization."""

    id: Id
    login: str | None = None


class AuthorizationEvent(msgspec.Struct):
    """`github_app_authorization`."""

    sender: RevokingPerson
