"""Plain values for decisions: an integration with a linked repository, and its state at the provider.

Tests vary them with `dataclasses.replace`, so that each shows only what matters to it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.domain.catalog.repository import Repository
from core.domain.changed_files import ChangedFiles
from core.domain.connections import Connection
from core.domain.deliveries.source_key import choose_lane
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.events.interpretation import BindingOption, Interpretation, View
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import (
    AccountId,
    ConnectionId,
    EventId,
    FlowId,
    IntegrationId,
    LinkId,
    OrganizationId,
    ProjectId,
    ProviderUserId,
    RepoId,
    UserId,
)
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.links.link import Link
from core.domain.provider_events import (
    Author,
    BranchRef,
    Commit,
    InstallationChanged,
    InstallationFacts,
    InstallationStep,
    ProviderUser,
    PullRequest,
    Push,
    RepositoryFacts,
)

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=1)
NO_COMMIT = "0" * 40

PROVIDER = "github"
INSTALLATION = 41_000_001
ORGANIZATION = OrganizationId(7)
ACCOUNT = AccountId("900000100")
LAUNCHPAD = RepoId("700000001")
GUIDANCE = RepoId("700000002")
TELEMETRY = RepoId("700000003")
REQUESTER = ProviderUserId("900000003")


def external(number: int) -> UUID:
    """Return the external id tests give to the entity of this number."""
    return UUID(int=number)


EVENT = WebhookEvent(
    id=EventId(500),
    provider=PROVIDER,
    delivery_id="5f3d2c00-0000-4000-8000-000000000500",
    event_type="push",
    action=None,
    lane=choose_lane(str(INSTALLATION)),
    source_key=str(INSTALLATION),
    status=EventStatus.PENDING,
    attempts=0,
    next_attempt_at=NOW,
    created_at=NOW,
)

INTEGRATION = Integration(
    id=IntegrationId(70),
    external_id=external(70),
    organization_id=ORGANIZATION,
    provider=PROVIDER,
    provider_id=str(INSTALLATION),
    created_at=EARLIER,
    updated_at=EARLIER,
    provider_name="acme-rockets",
    provider_url="https://github.com/acme-rockets",
    account_id=ACCOUNT,
    account_type="Organization",
    repository_selection="selected",
    permissions={"contents": "read", "metadata": "read"},
    provider_updated_at=NOW,
)
REVOKED = replace(INTEGRATION, status=IntegrationStatus.REVOKED, status_reason=StatusReason.UNINSTALLED_ON_PROVIDER)
SUSPENDED_BY_PROVIDER = replace(
    INTEGRATION, status=IntegrationStatus.SUSPENDED, status_reason=StatusReason.SUSPENDED_ON_PROVIDER
)
SUSPENDED_BY_US = replace(INTEGRATION, status=IntegrationStatus.SUSPENDED, status_reason=StatusReason.TOKEN_REFUSED)

REPOSITORY = Repository(
    integration_id=INTEGRATION.id,
    repo_id=LAUNCHPAD,
    full_name="acme-rockets/launchpad",
    url="https://github.com/acme-rockets/launchpad",
    private=True,
    default_branch="main",
    description="Countdown, holds and launch decisions",
    language="Python",
    pushed_at=EARLIER,
    provider_updated_at=NOW,
)
REMOVED = replace(REPOSITORY, removed_at=EARLIER)


def link(number: int, repository: Repository = REPOSITORY) -> Link:
    """Return a link of project `number` to a repository, all its ids made from the number."""
    return Link(
        id=LinkId(number),
        external_id=external(1000 + number),
        organization_id=ORGANIZATION,
        project_id=ProjectId(100 + number),
        project_external_id=external(100 + number),
        integration_id=repository.integration_id,
        provider=PROVIDER,
        repo_id=repository.repo_id,
        repo_full_name=repository.full_name,
        created_at=EARLIER,
        updated_at=EARLIER,
        repo_url=repository.url,
        default_branch=repository.default_branch or "main",
    )


LINK = link(1)

CONNECTION = Connection(
    id=ConnectionId(60),
    external_id=external(60),
    user_id=UserId(3),
    provider=PROVIDER,
    provider_user_id=REQUESTER,
    created_at=EARLIER,
    updated_at=EARLIER,
    provider_username="priya-raman-acme",
)

REQUEST = PendingRequest(
    flow_id=FlowId(40),
    organization_id=ORGANIZATION,
    user_id=UserId(3),
    provider=PROVIDER,
    requester_id=REQUESTER,
    account_id=ACCOUNT,
    external_id=external(40),
    expires_at=LATER,
)
BINDING = BindingOption(REQUEST, existing=None, new_id=IntegrationId(71))


def view(
    integration: Integration | None = INTEGRATION,
    *,
    repositories: Iterable[Repository] = (REPOSITORY,),
    links: tuple[Link, ...] = (LINK,),
    binding: BindingOption | None = None,
    connection: Connection | None = None,
) -> View:
    """Return what we know when an event is interpreted: by default all of the above."""
    return View(
        NOW, integration, links, {repository.repo_id: repository for repository in repositories}, binding, connection
    )


FACTS = RepositoryFacts(
    repo_id=LAUNCHPAD,
    full_name="acme-rockets/launchpad",
    private=True,
    url="https://github.com/acme-rockets/launchpad",
    owner_id=ACCOUNT,
    archived=False,
    fork=False,
    default_branch="main",
    description="Countdown, holds and launch decisions",
    language="Python",
    pushed_at=EARLIER,
    updated_at=LATER,
    whole=True,
)
LISTED = RepositoryFacts(LAUNCHPAD, "acme-rockets/launchpad", private=True)

PRIYA = ProviderUser("900000003", "priya-raman-acme")
AUTHOR = Author("Priya Raman", "priya@acme-rockets.example", "priya-raman-acme")
COMMIT = Commit(
    sha="a" * 40,
    message="Hold the countdown",
    timestamp=EARLIER,
    url="https://github.com/acme-rockets/launchpad/commit/" + "a" * 40,
    author=AUTHOR,
    committer=AUTHOR,
)
PUSH = Push(
    repository=replace(FACTS, pushed_at=NOW),
    ref="refs/heads/main",
    before="b" * 40,
    after="a" * 40,
    created=False,
    deleted=False,
    forced=False,
    compare_url="https://github.com/acme-rockets/launchpad/compare/bbb...aaa",
    pusher=AUTHOR,
    sender=PRIYA,
    commits=(COMMIT,),
    commits_total=1,
    head_commit=COMMIT,
    changed_files=ChangedFiles(("README.md",), 1, complete=True),
)
PULL_REQUEST = PullRequest(
    repository=FACTS,
    action="opened",
    number=12,
    title="Hold the countdown",
    state="open",
    draft=False,
    merged=False,
    url="https://github.com/acme-rockets/launchpad/pull/12",
    head=BranchRef("feature/hold", "c" * 40, LAUNCHPAD, "acme-rockets/launchpad"),
    base=BranchRef("main", "b" * 40, LAUNCHPAD, "acme-rockets/launchpad"),
    author=PRIYA,
    merged_by=None,
    merge_commit_sha=None,
    sender=PRIYA,
    updated_at=LATER,
)
INSTALLED = InstallationFacts(
    account_id=ACCOUNT,
    account_login="acme-rockets",
    account_type="Organization",
    account_url="https://github.com/acme-rockets",
    repository_selection="selected",
    permissions={"contents": "read", "metadata": "read"},
    updated_at=LATER,
)
CREATED_ON_REQUEST = InstallationChanged(
    InstallationStep.CREATED, INSTALLED, repositories=(LISTED,), requester_id=REQUESTER
)


def after(seen: View, interpretation: Interpretation) -> View:
    """Return what we know once an interpretation's effects are written."""
    links = {one.id: one for one in seen.links}
    links.update({step.after.id: step.after for step in interpretation.links if step.after})
    rows = dict(seen.repositories) | {row.repo_id: row for row in interpretation.repositories}
    changed, revoked = interpretation.integration, interpretation.connection
    return View(
        seen.now,
        changed.after if changed else seen.integration,
        tuple(links.values()),
        rows,
        None if interpretation.completed_request else seen.binding,
        revoked.after if revoked else seen.connection,
    )
