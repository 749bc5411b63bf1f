"""The summaries of stored events."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from core.domain.events.summary import (
    MAX_HEADLINE,
    EventKind,
    EventSummary,
    PullRequestSummary,
    SummaryActor,
    summarize,
)
from core.domain.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    InstallationChanged,
    InstallationStep,
    ProviderEvent,
    ProviderUser,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryStep,
    Unhandled,
)
from core.domain.refs import RefType
from tests.support.builders.domain import ACCOUNT, COMMIT, FACTS, INSTALLED, NO_COMMIT, PULL_REQUEST, PUSH, REQUESTER

PULL = PULL_REQUEST
# One row of a page must stay small, whatever the payload holds.
_MAX_BYTES = 8_000


def summary_of(provider_event: ProviderEvent) -> EventSummary:
    """Return the summary of a provider event of any type."""
    return summarize("star", "created", provider_event)


def push_summary(**changes: Any) -> EventSummary:
    """Return the summary of the push with changes."""
    return summary_of(replace(PUSH, **changes))


def test_push_shows_the_newest_commit() -> None:
    commit = replace(COMMIT, message="Fix the countdown\n\nIt stopped at zero.", url="https://github.com/a/b/commit/1")
    summary = push_summary(commits=(COMMIT, commit), commits_total=2, head_commit=None)
    assert (summary.kind, summary.headline) == (EventKind.PUSH, "Fix the countdown")
    assert (summary.ref_type, summary.ref, summary.sha) == (RefType.BRANCH, "main", PUSH.after)
    assert (summary.commits, summary.url, summary.compare_url) == (2, commit.url, PUSH.compare_url)
    assert summary.repository is not None
    assert (summary.repository.id, summary.repository.full_name) == (FACTS.repo_id, FACTS.full_name)
    assert summary.search_key == PUSH.after


@pytest.mark.parametrize(
    ("changes", "headline", "ref_type", "ref", "sha"),
    [
        ({"deleted": True, "after": NO_COMMIT}, "Deleted branch main", RefType.BRANCH, "main", None),
        ({"created": True, "commits": ()}, "Created branch main", RefType.BRANCH, "main", PUSH.after),
        ({"forced": True, "commits": ()}, "Updated branch main", RefType.BRANCH, "main", PUSH.after),
        ({"ref": "refs/tags/v1/2", "created": True}, "Created tag v1/2", RefType.TAG, "v1/2", PUSH.after),
        ({"ref": "refs/notes/x"}, None, RefType.OTHER, "refs/notes/x", PUSH.after),
    ],
)
def test_push_without_commits_says_what_happened_to_the_ref(
    changes: dict[str, Any], headline: str | None, ref_type: RefType, ref: str, sha: str | None
) -> None:
    summary = push_summary(head_commit=None, **changes)
    assert summary.headline == (headline or COMMIT.message.partition("\n")[0])
    assert (summary.ref_type, summary.ref, summary.sha) == (ref_type, ref, sha)


def test_pull_request_shows_its_title_and_branches() -> None:
    summary = summary_of(PULL)
    assert (summary.kind, summary.headline, summary.search_key) == (
        EventKind.PULL_REQUEST,
        PULL.title,
        f"#{PULL.number}",
    )
    assert summary.pull_request == PullRequestSummary(
        PULL.number, PULL.action, PULL.title, PULL.draft, PULL.merged, PULL.head.ref, PULL.base.ref
    )
    assert (summary.ref, summary.sha, summary.url) == (PULL.head.ref, PULL.head.sha, PULL.url)
    assert summary_of(replace(PULL, title=" ")).headline == f"Pull request #{PULL.number}"


SENDER = ProviderUser("7", "mara")


@pytest.mark.parametrize(
    ("provider_event", "kind", "headline"),
    [
        (AccountRenamed(ACCOUNT, "acme-aero", None, None, SENDER), EventKind.ACCOUNT, "Account renamed to acme-aero"),
        (
            RepositoryChanged(RepositoryStep.RENAMED, FACTS, SENDER),
            EventKind.REPOSITORY,
            f"Renamed to {FACTS.full_name}",
        ),
        (
            RepositoriesChanged(None, (FACTS,), (FACTS, FACTS), SENDER),
            EventKind.REPOSITORIES,
            f"Access granted: {FACTS.full_name}; Access removed: 2 repositories",
        ),
        (RepositoriesChanged("all", sender=SENDER), EventKind.REPOSITORIES, "Access to repositories changed"),
        (AuthorizationRevoked(REQUESTER, SENDER), EventKind.AUTHORIZATION, "Authorization of the app revoked"),
        (Unhandled("event_not_handled"), EventKind.OTHER, "Star created"),
    ],
)
def test_other_events_have_a_headline(provider_event: ProviderEvent, kind: EventKind, headline: str) -> None:
    summary = summary_of(provider_event)
    assert (summary.kind, summary.headline) == (kind, headline)
    assert summary.actor == (None if isinstance(provider_event, Unhandled) else SummaryActor("7", "mara"))


@pytest.mark.parametrize("step", InstallationStep)
def test_each_step_of_an_installation_has_a_headline(step: InstallationStep) -> None:
    summary = summary_of(InstallationChanged(step, INSTALLED))
    assert summary.kind is EventKind.INSTALLATION
    assert summary.headline
    assert summary.headline.endswith(" on acme-rockets") or summary.headline.endswith(" from acme-rockets")


@pytest.mark.parametrize("step", RepositoryStep)
def test_each_step_of_a_repository_has_a_headline(step: RepositoryStep) -> None:
    assert str(FACTS.full_name) in (summary_of(RepositoryChanged(step, FACTS)).headline or "")


def test_summary_is_bounded() -> None:
    long = "ü" * 5_000
    facts = replace(FACTS, full_name=long, url="https://github.com/" + long)
    commit = replace(COMMIT, message=long, url="https://github.com/" + long)
    sender = ProviderUser("1", long)
    for provider_event in (
        replace(
            PUSH,
            head_commit=None,
            ref=f"refs/heads/{long}",
            repository=facts,
            commits=(commit,),
            compare_url=long,
            sender=sender,
        ),
        replace(PULL_REQUEST, title=long, repository=facts, head=replace(PULL.head, ref=long), url=long, sender=sender),
        RepositoryChanged(RepositoryStep.RENAMED, facts, sender),
        AccountRenamed(ACCOUNT, long, None, None, sender),
    ):
        summary = summary_of(provider_event)
        assert len(summary.headline or "") <= MAX_HEADLINE
        assert len(msgspec.json.encode(summary)) <= _MAX_BYTES


def test_redacted_summary_has_no_content() -> None:
    for summary in (push_summary(), summary_of(PULL)):
        assert summary.redact() == EventSummary(summary.kind, None, actor=summary.actor, repository=summary.repository)
