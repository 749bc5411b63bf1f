"""What real payloads say, in our own words."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.provider_events import (
    AccountRenamed,
    Author,
    AuthorizationRevoked,
    BranchRef,
    InstallationChanged,
    InstallationFacts,
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
from tests.support.builders.payload_files import demo, octokit, own, read_file
from tests.support.builders.webhooks import PAYLOADS, label_of

KINDS = {
    "push": Push,
    "pull_request": PullRequest,
    "installation": InstallationChanged,
    "installation_repositories": RepositoriesChanged,
    "installation_target": AccountRenamed,
    "repository": RepositoryChanged,
    "public": RepositoryChanged,
    "github_app_authorization": AuthorizationRevoked,
}
WITHOUT_INSTALLATION = {"ping", "github_app_authorization"}


@pytest.mark.parametrize("path", PAYLOADS, ids=label_of)
def test_reads_each_payload_as_its_event(path: Path) -> None:
    """Each handled event becomes a provider event; others have a reason."""
    event, payload, provider_event = path.parent.name, json.loads(path.read_bytes()), read_file(path)
    if "installation" not in payload and event not in WITHOUT_INSTALLATION:
        assert provider_event == Unhandled("no_installation")
    elif event == "ping":
        assert provider_event == Unhandled("ping")
    elif event not in KINDS:
        assert provider_event == Unhandled("event_not_handled")
    else:
        assert type(provider_event) is KINDS[event]
        if isinstance(provider_event, InstallationChanged | RepositoryChanged):
            assert provider_event.step.value == payload.get("action", "publicized")
        if isinstance(provider_event, Push | PullRequest | RepositoryChanged):
            repository = payload["repository"]
            assert provider_event.repository.repo_id == str(repository["id"])
            assert provider_event.repository.full_name == repository["full_name"]
            assert provider_event.repository.owner_id == str(repository["owner"]["id"])
            assert provider_event.repository.whole


def test_reads_a_push() -> None:
    """Ref, hashes, users and commits of a branch push, times in UTC from epoch and from offsets."""
    push = demo("push/branch")
    assert isinstance(push, Push)
    assert push.repository == RepositoryFacts(
        repo_id=RepoId("700000001"),
        full_name="acme-rockets/launchpad",
        private=False,
        url="https://github.com/acme-rockets/launchpad",
        owner_id=AccountId("900000100"),
        archived=False,
        fork=False,
        default_branch="main",
        description="Countdown, holds and launch decisions",
        language="Python",
        pushed_at=datetime(2026, 9, 14, 7, 41, 30, tzinfo=UTC),
        updated_at=datetime(2026, 9, 1, 12, tzinfo=UTC),
        whole=True,
        visibility="public",
        topics=(),
    )
    assert (push.ref, push.before, push.after) == (
        "refs/heads/main",
        "1f9362648723a984ece3b1e350ea3c15cb3ca22b",
        "851d9b22f9a5b767f9526435726bdc02d5e48986",
    )
    assert (push.created, push.deleted, push.forced) == (False, False, False)
    assert push.compare_url == "https://github.com/acme-rockets/launchpad/compare/1f9362648723...851d9b22f9a5"
    priya = ProviderUserId("900000003")
    assert push.pusher == Author("priya-raman-acme", "priya@acme-rockets.example", account_id=priya)
    assert push.sender == ProviderUser("900000003", "priya-raman-acme", "User")
    first, second = push.commits
    assert first.author == Author("Mara Okafor", "mara@acme-rockets.example", "mara-okafor-acme")
    assert first.timestamp == datetime(2026, 9, 14, 7, 2, 11, tzinfo=UTC)
    assert second.sha == push.after
    assert second.co_authors == (
        Author("Jonas Lindqvist", "jonas@acme-rockets.example"),
        Author("Sam Porter", "sam.porter@mail.example"),
    )
    assert (push.commits_total, push.head_commit) == (2, second)


def test_distinguishes_author_and_committer() -> None:
    """On the website, GitHub is the committer of a merge."""
    push = demo("push/branch-merge")
    assert isinstance(push, Push)
    merge = push.commits[-1]
    assert merge.author.name == "Mara Okafor"
    assert merge.committer == Author("GitHub", "noreply@github.com", "web-flow", is_bot=True)


def test_recognizes_bots_without_an_address() -> None:
    """Apps push, too; their pusher's address is null."""
    push = demo("push/branch-by-bot")
    assert isinstance(push, Push)
    assert push.sender == ProviderUser("900000050", "launchpad-release[bot]", "Bot")
    assert push.pusher == Author("launchpad-release[bot]", account_id=ProviderUserId("900000050"), is_bot=True)


def test_keeps_letters_of_all_scripts() -> None:
    """In branches, names and messages; an unknown address has no username."""
    push = demo("push/branch-unusual-name")
    assert isinstance(push, Push)
    assert push.ref == "refs/heads/fix/#42-größe-prüfen/日本"
    assert push.commits[0].message == "Prüfe die Größe vor dem Start 🚀"
    assert push.commits[0].author == Author("Tomás Vega", "tomas@home.example")


@pytest.mark.parametrize(
    ("provider_event", "flags", "commits"),
    [
        (demo("push/branch-created"), (True, False, False), 1),
        (demo("push/branch-deleted"), (False, True, False), 0),
        (demo("push/branch-forced"), (False, False, True), 1),
        (demo("push/branch-existing-commit"), (True, False, False), 0),
        (demo("push/tag-annotated"), (True, False, False), 0),
        (demo("push/tag-deleted"), (False, True, False), 0),
        (octokit("push/tag-deleted.with-installation"), (False, True, False), 0),
        (octokit("push/branch-created.committer-without-username"), (True, False, False), 1),
    ],
)
def test_distinguishes_kinds_of_push(
    provider_event: ProviderEvent, flags: tuple[bool, bool, bool], commits: int
) -> None:
    """Created, deleted and forced, with or without commits; a deleted ref has no head."""
    assert isinstance(provider_event, Push)
    assert (provider_event.created, provider_event.deleted, provider_event.forced) == flags
    assert (len(provider_event.commits), provider_event.commits_total) == (commits, commits)
    assert (provider_event.head_commit is None) == provider_event.deleted


def test_annotated_tag_has_another_head() -> None:
    """`after` is the tag object, and the head commit is its target."""
    push = demo("push/tag-annotated")
    assert isinstance(push, Push)
    assert push.head_commit is not None
    assert (push.after[:7], push.head_commit.sha[:7]) == ("64fe700", "42a06bd")


def test_pull_request_of_a_fork_has_two_repositories() -> None:
    pull = demo("pull_request/opened-from-fork")
    assert isinstance(pull, PullRequest)
    assert (pull.action, pull.number, pull.title) == ("opened", 13, "Fix a typo in the abort guide")
    assert pull.head == BranchRef("patch-1", pull.head.sha, RepoId("700000901"), "sporter-contrib/launchpad")
    assert pull.base.repo_full_name == "acme-rockets/launchpad"
    assert (pull.author, pull.updated_at) == (
        ProviderUser("900000009", "sporter-contrib"),
        datetime(2026, 9, 17, 18, 1, tzinfo=UTC),
    )


def test_merged_pull_request_has_user_and_commit() -> None:
    """Beside the action `closed`."""
    pull = demo("pull_request/closed-merged")
    assert isinstance(pull, PullRequest)
    assert (pull.action, pull.state, pull.merged) == ("closed", "closed", True)
    assert pull.merged_by == ProviderUser("900000001", "mara-okafor-acme")
    assert pull.merge_commit_sha == "42a06bd1f4f6c9b12c3020d5f4e951daa5183a94"


def test_deleted_fork_has_no_repository() -> None:
    """Its branch is still named."""
    pull = demo("pull_request/closed-fork-deleted")
    assert isinstance(pull, PullRequest)
    assert (pull.head.ref, pull.head.repo_id, pull.head.repo_full_name) == ("patch-1", None, None)
    draft = demo("pull_request/opened-draft")
    assert isinstance(draft, PullRequest)
    assert (draft.draft, pull.draft) == (True, False)


def test_identifies_an_account_by_id() -> None:
    """`target_id` and `target_type` may differ and do not count."""
    created = own("installation/created-on-request")
    assert isinstance(created, InstallationChanged)
    assert created.installation == InstallationFacts(
        account_id=AccountId("900000100"),
        account_login="acme-rockets",
        account_type="Organization",
        account_url="https://github.com/acme-rockets",
        repository_selection="selected",
        permissions={"contents": "read", "metadata": "read", "pull_requests": "read"},
        updated_at=datetime(2026, 9, 1, 8, tzinfo=UTC),
    )
    assert (created.requester_id, created.sender_id) == ("900000003", "900000001")
    assert created.repositories == (
        RepositoryFacts(RepoId("700000001"), "acme-rockets/launchpad", private=False),
        RepositoryFacts(RepoId("700000002"), "acme-rockets/guidance", private=True),
    )
    user = octokit("installation/suspend")
    assert isinstance(user, InstallationChanged)
    assert (user.installation.account_type, user.repositories) == ("User", ())


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("installation/created.ghes", datetime(2019, 5, 15, 19, 37, 38, tzinfo=UTC)),
        ("installation/deleted.ghes", datetime(2019, 5, 15, 19, 37, 38, tzinfo=UTC)),
        ("installation/deleted.without-suspended-fields", datetime(2018, 4, 30, 17, 38, 19, tzinfo=UTC)),
        ("installation/suspend", datetime(2021, 4, 29, 2, 32, 50, tzinfo=UTC)),
        ("installation/unsuspend", datetime(2021, 4, 29, 2, 32, 50, tzinfo=UTC)),
    ],
)
def test_reads_each_format_of_installation_times(name: str, time: datetime) -> None:
    """Epoch seconds on some servers, ISO text with offset and milliseconds on others."""
    provider_event = octokit(name)
    assert isinstance(provider_event, InstallationChanged)
    assert provider_event.installation.updated_at == time


def test_reads_lists_of_repositories() -> None:
    """They have name and visibility; other fields are unknown, not empty."""
    assert own("installation_repositories/removed") == RepositoriesChanged(
        "selected",
        removed=(RepositoryFacts(RepoId("700000002"), "acme-rockets/guidance", private=True),),
        sender=ProviderUser("900000002", "jlindqvist-acme"),
    )
    added = octokit("installation_repositories/added.with-requester")
    assert isinstance(added, RepositoriesChanged)
    assert [facts.full_name for facts in added.added] == ["Codertocat/Space"]


def test_reads_a_renamed_account() -> None:
    """The id stays, login and address are new."""
    assert own("installation_target/renamed") == AccountRenamed(
        AccountId("900000100"),
        "acme-rockets-aero",
        "https://github.com/acme-rockets-aero",
        datetime(2026, 9, 23, 8, tzinfo=UTC),
        ProviderUser("900000001", "mara-okafor-acme"),
    )


@pytest.mark.parametrize(
    ("name", "step", "differs"),
    [
        ("renamed", RepositoryStep.RENAMED, {"full_name": "acme-rockets/launch-control"}),
        ("archived", RepositoryStep.ARCHIVED, {"archived": True}),
        ("unarchived", RepositoryStep.UNARCHIVED, {"archived": False}),
        ("privatized", RepositoryStep.PRIVATIZED, {"private": True}),
        ("publicized", RepositoryStep.PUBLICIZED, {"private": False}),
        ("edited-default-branch", RepositoryStep.EDITED, {}),
        ("transferred", RepositoryStep.TRANSFERRED, {"owner_id": "900000100"}),
        ("created", RepositoryStep.CREATED, {"full_name": "acme-rockets/telemetry"}),
        ("deleted", RepositoryStep.DELETED, {"full_name": "acme-rockets/telemetry"}),
    ],
)
def test_reads_changes_of_a_repository(name: str, step: RepositoryStep, differs: dict[str, Any]) -> None:
    """Each has the present state of the repository."""
    provider_event = own(f"repository/{name}")
    assert isinstance(provider_event, RepositoryChanged)
    assert provider_event.step is step
    assert replace(provider_event.repository, **differs) == provider_event.repository


def test_reads_a_new_default_branch_from_the_repository() -> None:
    """The former one is not needed."""
    provider_event = own("repository/edited-default-branch")
    assert isinstance(provider_event, RepositoryChanged)
    assert provider_event.repository.default_branch == "trunk"


def test_revoked_authorization_names_the_user() -> None:
    """The sender revoked it."""
    assert own("github_app_authorization/revoked") == AuthorizationRevoked(
        ProviderUserId("900000003"), ProviderUser("900000003", "priya-raman-acme")
    )
    octocat = ProviderUser("1", "octocat")
    assert octokit("github_app_authorization/revoked") == AuthorizationRevoked(ProviderUserId("1"), octocat)
