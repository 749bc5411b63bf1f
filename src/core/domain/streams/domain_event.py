"""Facts for consumers, written once to the outbox and streamed from it.

The wire contract is `proto/crewkit/git/v1/domain_events.proto`. These classes have the same fields with the same
names, and a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.changed_files import UNKNOWN_FILES, ChangedFiles
from core.domain.identifiers import EventId, IntegrationId, LinkId, OrganizationId, ProjectId, RepoId
from core.domain.provider_events import PullRequestChanges

VERSION = 1
# An event is stored once for every linked project, and a pusher can write as much as the provider accepts: without
# limits, one push could keep the database busy for minutes.
MAX_COMMITS = 100
MAX_MESSAGE = 4_000
MAX_CO_AUTHORS = 50
MAX_NAME = 320
MAX_PATHS = 1_000
MAX_PATH_CHARACTERS = 100_000
MAX_LABELS = 100


class DomainEventType(Enum):
    """The type of a domain event.

    `git.push`: a branch or tag was created, updated or deleted. `git.pull_request`: a pull request changed.
    `git.integration.activated`, `git.integration.suspended`, `git.integration.revoked`: the integration works, is
    suspended or has ended. `git.integration.permissions_changed`: the permissions of the installation changed.
    `git.repository.added`, `git.repository.removed`: the integration gained or lost access to a repository.
    `git.repository.renamed`, `git.repository.updated`: the name or another property of a repository changed.
    `git.link.created`, `git.link.removed`: a project was linked to a repository or unlinked. `git.link.unreachable`,
    `git.link.restored`: the repository of a link is not accessible, or is accessible again. `git.commits.claimed`:
    commits were attributed to another user.
    """

    PUSH = "git.push"
    PULL_REQUEST = "git.pull_request"
    INTEGRATION_ACTIVATED = "git.integration.activated"
    INTEGRATION_SUSPENDED = "git.integration.suspended"
    INTEGRATION_REVOKED = "git.integration.revoked"
    INTEGRATION_PERMISSIONS_CHANGED = "git.integration.permissions_changed"
    REPOSITORY_ADDED = "git.repository.added"
    REPOSITORY_REMOVED = "git.repository.removed"
    REPOSITORY_RENAMED = "git.repository.renamed"
    REPOSITORY_UPDATED = "git.repository.updated"
    LINK_CREATED = "git.link.created"
    LINK_REMOVED = "git.link.removed"
    LINK_UNREACHABLE = "git.link.unreachable"
    LINK_RESTORED = "git.link.restored"
    COMMITS_CLAIMED = "git.commits.claimed"


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in a commit, or the person who pushed.

    For the person who pushed, `name` is the login. `username` is the person's login at the provider, if the provider
    sent one. For a co-author, it is the login in a noreply address, if the email address is one. `user_id` is the
    matching crewkit user, and `method` is how the user was matched. If `user_id` is null, `method` is `bot`, or
    `not_a_member` if the matching user is not a member of the organization, or null if no user matched.
    """

    name: str
    email: str | None = None
    username: str | None = None
    user_id: UUID | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """An account at the provider. `id` never changes, but `login` can change.

    `user_id` is the crewkit user who owns the account. `method` is `account_id`; if `user_id` is null, `method` is as
    in `Person`.
    """

    id: str
    login: str
    kind: str
    user_id: UUID | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class PushedCommit:
    """A commit of a push. `message` is truncated to 4,000 characters.

    `timestamp` is the commit's timestamp, as sent by the provider. `committer` is null if the author is also the
    committer. `distinct` is whether no earlier push of the repository had this commit.
    """

    sha: str
    message: str
    timestamp: datetime | None
    url: str | None
    author: Person
    co_authors: tuple[Person, ...] = ()
    committer: Person | None = None
    distinct: bool = True


@dataclass(frozen=True, slots=True)
class PushData:
    """The data of the domain event `git.push`.

    `ref_type` is `branch`, `tag` or `other`, and `branch` is null unless it is `branch`. `commits` has at most the
    newest 100 commits. `changed_files` has at most 1,000 paths. `head_commit` is the commit that the ref points to,
    also if `commits` is empty. `is_production_branch` is whether `branch` is the default branch of the project's link.
    """

    repo_id: RepoId
    full_name: str
    ref: str
    ref_type: str
    branch: str | None
    before: str
    after: str
    created: bool
    deleted: bool
    forced: bool
    default_branch: str | None
    compare_url: str | None
    pusher: Person | None
    sender: ProviderAccount | None
    commits: tuple[PushedCommit, ...]
    commits_truncated: bool
    changed_files: ChangedFiles = UNKNOWN_FILES
    head_commit: PushedCommit | None = None
    is_merge_queue: bool = False
    is_production_branch: bool = False


@dataclass(frozen=True, slots=True)
class PullRequestSide:
    """The head or the base of a pull request.

    `repo_id` and `full_name` are null if the repository was deleted.
    """

    ref: str
    sha: str
    repo_id: RepoId | None
    full_name: str | None


@dataclass(frozen=True, slots=True)
class PullRequestData:
    """The data of the domain event `git.pull_request`.

    If `from_fork` is true, the code comes from another repository: do not trust it. `changes` is set if the title or
    the base was edited. `labels` are the names of the pull request's labels. `is_production_branch` is whether the base
    is the default branch of the project's link.
    """

    repo_id: RepoId
    full_name: str
    action: str
    number: int
    title: str
    state: str
    draft: bool
    merged: bool
    url: str | None
    head: PullRequestSide
    base: PullRequestSide
    from_fork: bool
    author: ProviderAccount | None
    merged_by: ProviderAccount | None
    merge_commit_sha: str | None
    sender: ProviderAccount | None
    changes: PullRequestChanges | None = None
    labels: tuple[str, ...] = ()
    is_production_branch: bool = False


@dataclass(frozen=True, slots=True)
class IntegrationData:
    """The data of the domain events `git.integration.*`: an integration after it changed."""

    integration_id: UUID
    provider: str
    provider_id: str
    account: str | None
    status: str
    reason: str | None
    permissions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RepositoryData:
    """The data of the domain events `git.repository.*`: a catalog repository after it changed.

    `previous_full_name` is null if the owner and name did not change.
    """

    repo_id: RepoId
    full_name: str
    url: str | None
    private: bool
    archived: bool
    default_branch: str | None
    change: str
    previous_full_name: str | None = None


@dataclass(frozen=True, slots=True)
class LinkData:
    """The data of the domain events `git.link.*`: a link after it changed.

    `reason` is `repository_removed` for `git.link.unreachable`, and null for the other events.
    """

    link_id: UUID
    repo_id: RepoId
    full_name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CommitsClaimedData:
    """The data of the domain event `git.commits.claimed`: earlier commits were attributed to this user."""

    user_id: UUID
    commits: int


EventData = PushData | PullRequestData | IntegrationData | RepositoryData | LinkData | CommitsClaimedData


_DATA_OF_GROUP: Mapping[str, type[EventData]] = {
    "git.push": PushData,
    "git.pull_request": PullRequestData,
    "git.integration": IntegrationData,
    "git.repository": RepositoryData,
    "git.link": LinkData,
    "git.commits": CommitsClaimedData,
}
# The data of each type of event.
DATA_OF: Mapping[DomainEventType, type[EventData]] = {
    event_type: _DATA_OF_GROUP[".".join(event_type.value.split(".")[:2])] for event_type in DomainEventType
}


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """A domain event before it is stored; the outbox sets its id and the time of recording.

    Unique per source event, type, link and repository, so an effect that is applied twice is recorded once.
    """

    type: DomainEventType
    organization_id: OrganizationId
    occurred_at: datetime
    data: EventData
    integration_id: IntegrationId | None = None
    project_id: ProjectId | None = None
    link_id: LinkId | None = None
    repo_id: RepoId | None = None
    source_event_id: EventId | None = None
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """A domain event as consumers see it: `id` is the cursor, and ids are in the order of commits."""

    id: int
    type: DomainEventType
    version: int
    organization_id: UUID
    project_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    source_event_id: str | None
    data: EventData
