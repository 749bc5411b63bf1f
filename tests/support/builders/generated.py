"""Strategies for stored states and provider events, over few ids and times so that they match."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st

from core.domain.attribution.attribution import Identities, Identity
from core.domain.attribution.authors import normalize_address
from core.domain.catalog.repository import Repository
from core.domain.connections import ConnectionStatus
from core.domain.events.event import WebhookEvent
from core.domain.events.interpretation import BindingOption, View
from core.domain.identifiers import AccountId, IntegrationId, OrganizationId, ProviderUserId, RepoId, UserId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.links.link import Link
from core.domain.provider_events import (
    AccountRenamed,
    Author,
    AuthorizationRevoked,
    BranchRef,
    Commit,
    InstallationChanged,
    InstallationFacts,
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
from tests.support.builders.domain import (
    ACCOUNT,
    BINDING,
    CONNECTION,
    EVENT,
    INTEGRATION,
    NOW,
    ORGANIZATION,
    REQUEST,
    REQUESTER,
    link,
)

_times = st.sampled_from([NOW + timedelta(minutes=minutes) for minutes in (-2, -1, 0, 1)])
_maybe_times = st.none() | _times
_repo_ids = st.sampled_from([RepoId(number) for number in ("1", "2", "3", "4")])
_accounts = st.sampled_from([ACCOUNT, AccountId("900000777")])
_people = st.sampled_from([REQUESTER, ProviderUserId("900000004")])
_names = st.sampled_from(["acme-rockets/a", "acme-rockets/b", "acme-aero/a", "elsewhere/a"])
_branches = st.sampled_from([None, "main", "trunk"])
_urls = st.sampled_from([None, "https://github.com/acme-rockets/a", "https://git.example/1"])
_permissions = st.sampled_from([{}, {"contents": "read"}, {"contents": "read", "pull_requests": "read"}])
_selections = st.sampled_from([None, "all", "selected"])
# What people wrote decides nothing; a few awkward values are enough, and drawing them is cheap.
_text = st.sampled_from(["", "x", "größe 日本", "a\x00b", "{}", "\u2028"])
_addresses = st.sampled_from(["a@acme.example", "B@Acme.example", "zoë@größe.example"])
_logins = st.sampled_from(["mara", "Mara", "dependabot[bot]", ""])

facts = st.builds(
    RepositoryFacts,
    repo_id=_repo_ids,
    full_name=_names,
    private=st.booleans(),
    url=_urls,
    owner_id=st.none() | _accounts,
    archived=st.none() | st.booleans(),
    fork=st.none() | st.booleans(),
    default_branch=_branches,
    description=st.none() | _text,
    language=st.none() | _text,
    pushed_at=_maybe_times,
    updated_at=_maybe_times,
    whole=st.booleans(),
)
# A list names each repository once; what comes and what goes are different deliveries.
_lists = st.lists(facts, max_size=3, unique_by=lambda one: one.repo_id).map(tuple)
_authors = st.builds(
    Author,
    name=_text,
    email=st.none() | _text | _addresses,
    username=st.none() | _logins,
    noreply_id=st.none() | _people,
    account_id=st.none() | _people,
    is_bot=st.booleans(),
)
_users = st.none() | st.builds(
    ProviderUser, id=_people, login=_text, kind=st.sampled_from(["User", "Bot", "Organization"])
)
_messages = st.sampled_from(["", "x\n\nCo-authored-by: A <a@acme.example>", "co-authored-by:", "\r\n"])
_commits = st.builds(
    Commit,
    sha=_text,
    message=_messages,
    timestamp=_maybe_times,
    url=_urls,
    author=_authors,
    committer=st.none() | _authors,
    co_authors=st.lists(_authors, max_size=2).map(tuple),
)
_refs = st.sampled_from(["refs/heads/main", "refs/tags/v1", "refs/heads/", "refs/notes/x", ""])
pushes = st.builds(
    Push,
    repository=facts,
    ref=_refs,
    before=_text,
    after=_text,
    created=st.booleans(),
    deleted=st.booleans(),
    forced=st.booleans(),
    compare_url=_urls,
    pusher=st.none() | _authors,
    sender=_users,
    commits=st.lists(_commits, max_size=2).map(tuple),
    commits_total=st.integers(0, 3000),
    head_commit=st.none(),
)
_sides = st.builds(BranchRef, ref=_text, sha=_text, repo_id=st.none() | _repo_ids, repo_full_name=st.none() | _names)
_pull_requests = st.builds(
    PullRequest,
    repository=facts,
    action=_text,
    number=st.integers(1, 2**40),
    title=_text,
    state=_text,
    draft=st.booleans(),
    merged=st.booleans(),
    url=_urls,
    head=_sides,
    base=_sides,
    author=_users,
    merged_by=_users,
    merge_commit_sha=st.none() | _text,
    sender=_users,
    updated_at=_maybe_times,
)
_installation_facts = st.builds(
    InstallationFacts,
    account_id=st.none() | _accounts,
    account_login=st.sampled_from([None, "acme-rockets", "acme-aero"]),
    account_type=st.none() | st.just("Organization"),
    account_url=_urls,
    repository_selection=_selections,
    permissions=_permissions,
    updated_at=_maybe_times,
)
installations_changed = st.builds(
    InstallationChanged,
    step=st.sampled_from(InstallationStep),
    installation=_installation_facts,
    repositories=_lists,
    requester_id=st.none() | _people,
    sender_id=st.none() | _people,
)
provider_events: st.SearchStrategy[ProviderEvent] = st.one_of(
    pushes,
    _pull_requests,
    installations_changed,
    st.builds(RepositoriesChanged, repository_selection=_selections, added=_lists),
    st.builds(RepositoriesChanged, repository_selection=_selections, removed=_lists),
    st.builds(
        AccountRenamed,
        account_id=_accounts,
        login=st.sampled_from(["acme-rockets", "acme-aero"]),
        url=_urls,
        updated_at=_maybe_times,
    ),
    st.builds(RepositoryChanged, step=st.sampled_from(RepositoryStep), repository=facts),
    st.builds(AuthorizationRevoked, user_id=_people),
    st.builds(Unhandled, reason=st.sampled_from(["event_not_handled", "ping"])),
)
events: st.SearchStrategy[WebhookEvent] = st.sampled_from([*[EVENT] * 5, replace(EVENT, source_key=None)])

_known = st.builds(
    Identity,
    user_id=st.sampled_from([UserId(3), UserId(4)]),
    external_id=st.sampled_from([UUID(int=3), UUID(int=4)]),
    connected_at=_times,
    organizations=st.sampled_from([frozenset({ORGANIZATION}), frozenset({OrganizationId(8)}), frozenset()]),
)
_known_people = st.builds(
    Identities,
    by_account=st.dictionaries(_people, _known, max_size=2),
    by_address=st.dictionaries(_addresses.map(normalize_address), _known, max_size=2),
    by_login=st.dictionaries(_logins.map(str.lower), _known, max_size=2),
)

_standings = st.sampled_from(
    [
        *[(IntegrationStatus.ACTIVE, None)] * 4,
        (IntegrationStatus.SUSPENDED, StatusReason.SUSPENDED_ON_PROVIDER),
        (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED),
        (IntegrationStatus.REVOKED, StatusReason.UNINSTALLED_ON_PROVIDER),
        (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED),
    ]
)


@st.composite
def _integrations(draw: st.DrawFn) -> Integration:
    status, reason = draw(_standings)
    return replace(
        INTEGRATION,
        status=status,
        status_reason=reason,
        account_id=draw(st.none() | _accounts),
        permissions=draw(_permissions),
        sync_requested_at=draw(_maybe_times),
        provider_updated_at=draw(_maybe_times),
    )


@st.composite
def _catalog(draw: st.DrawFn, of: IntegrationId) -> tuple[Repository, ...]:
    rows = st.builds(
        Repository,
        integration_id=st.just(of),
        repo_id=_repo_ids,
        full_name=_names,
        url=_urls,
        private=st.booleans(),
        default_branch=_branches,
        pushed_at=_maybe_times,
        provider_updated_at=_maybe_times,
        removed_at=_maybe_times,
    )
    return tuple(draw(st.lists(rows, max_size=4, unique_by=lambda row: row.repo_id)))


@st.composite
def _links(draw: st.DrawFn, catalog: tuple[Repository, ...]) -> tuple[Link, ...]:
    if not catalog:
        return ()
    linked = draw(st.lists(st.sampled_from(catalog), max_size=4))
    return tuple(
        replace(
            link(number, row),
            webhooks_enabled=draw(st.booleans()),
            default_branch=draw(st.sampled_from(["main", "trunk", "release"])),
        )
        for number, row in enumerate(linked, start=1)
    )


@st.composite
def _bindings(draw: st.DrawFn) -> BindingOption:
    request = replace(REQUEST, requester_id=draw(_people), account_id=draw(_accounts))
    existing = draw(st.none() | _integrations())
    return BindingOption(request, existing, existing.id if existing else BINDING.new_id)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Draw what may be known: an integration or an offered binding, its catalog and links, a connection."""
    known = draw(st.integers(0, 3)) > 0
    integration = draw(_integrations()) if known else None
    binding = None if integration else draw(st.none() | _bindings())
    owner = integration or (binding.existing if binding else None)
    catalog = draw(_catalog(owner.id)) if owner else ()
    status = draw(st.none() | st.sampled_from(ConnectionStatus))
    return View(
        NOW,
        integration,
        draw(_links(catalog)),
        {row.repo_id: row for row in catalog},
        binding,
        replace(CONNECTION, status=status) if status else None,
        draw(_known_people),
    )
