"""An example of the data of each type of domain event."""

from dataclasses import replace
from uuid import UUID

from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.provider_events import PullRequestChanges
from core.domain.streams.domain_event import (
    CommitsClaimedData,
    DomainEventType,
    EventData,
    IntegrationData,
    LinkData,
    Person,
    ProviderAccount,
    PullRequestData,
    PullRequestSide,
    PushData,
    PushedCommit,
    RepositoryData,
)
from testing.builders.entities import time_ago

REPO = RepoId("1")
SENDER = ProviderAccount("7", "mara", "User")
MARA = Person("Mara", "mara@acme.example", "mara", UUID(int=7), "verified_address")
COMMIT = PushedCommit("a" * 40, "Größe\n\n😀", time_ago(days=1), None, MARA, (Person("Jonas"),), distinct=False)
PUSH = PushData(
    repo_id=REPO,
    full_name="acme/widgets",
    ref="refs/heads/a/b#c",
    ref_type="branch",
    branch="a/b#c",
    before="0" * 40,
    after="a" * 40,
    created=True,
    deleted=False,
    forced=False,
    default_branch="main",
    compare_url=None,
    pusher=Person("Mara"),
    sender=SENDER,
    commits=(COMMIT, replace(COMMIT, timestamp=None)),
    commits_truncated=False,
    changed_files=ChangedFiles(("a.md", "größe/日本.md"), 3, complete=True),
    head_commit=COMMIT,
    is_merge_queue=True,
)
PULL = PullRequestData(
    repo_id=REPO,
    full_name="acme/widgets",
    action="opened",
    number=1,
    title="T",
    state="open",
    draft=True,
    merged=False,
    url=None,
    head=PullRequestSide("f", "a" * 40, None, None),
    base=PullRequestSide("main", "b" * 40, REPO, "acme/widgets"),
    from_fork=True,
    author=SENDER,
    merged_by=None,
    merge_commit_sha=None,
    sender=SENDER,
    changes=PullRequestChanges(previous_title="S", previous_base_ref="main", previous_base_sha="c" * 40),
    labels=("bug", "größe"),
)
INTEGRATION = IntegrationData(UUID(int=1), "github", "2", "acme", "active", None, {"contents": "read"})
REPOSITORY = RepositoryData(REPO, "acme/w", None, True, False, "main", "renamed", "acme/v")
LINK = LinkData(UUID(int=3), REPO, "acme/widgets", "repository_removed")
DATA: dict[DomainEventType, EventData] = {
    DomainEventType.PUSH: PUSH,
    DomainEventType.PULL_REQUEST: PULL,
    DomainEventType.INTEGRATION_ACTIVATED: INTEGRATION,
    DomainEventType.INTEGRATION_SUSPENDED: INTEGRATION,
    DomainEventType.INTEGRATION_REVOKED: INTEGRATION,
    DomainEventType.INTEGRATION_PERMISSIONS_CHANGED: INTEGRATION,
    DomainEventType.REPOSITORY_ADDED: REPOSITORY,
    DomainEventType.REPOSITORY_REMOVED: REPOSITORY,
    DomainEventType.REPOSITORY_RENAMED: REPOSITORY,
    DomainEventType.REPOSITORY_UPDATED: REPOSITORY,
    DomainEventType.LINK_CREATED: LINK,
    DomainEventType.LINK_REMOVED: LINK,
    DomainEventType.LINK_UNREACHABLE: LINK,
    DomainEventType.LINK_RESTORED: LINK,
    DomainEventType.COMMITS_CLAIMED: CommitsClaimedData(UUID(int=4), 12),
}
