"""Interpretation of pull requests."""

from dataclasses import replace

import pytest

from core.domain.events.event import EventStatus, Outcome
from core.domain.events.interpretation import interpret
from core.domain.identifiers import RepoId
from core.domain.provider_events import BranchRef, ProviderUser, PullRequest, PullRequestChanges
from core.domain.streams.domain_event import DomainEventType, ProviderAccount, PullRequestData, PullRequestSide
from tests.support.builders.domain import EVENT, LATER, LAUNCHPAD, LINK, ORGANIZATION, PULL_REQUEST, link, view


def event_data(pull: PullRequest) -> PullRequestData:
    """Return the event data of a pull request for the linked project."""
    data = interpret(EVENT, pull, view()).domain_events[0].data
    assert isinstance(data, PullRequestData)
    return data


def test_publishes_a_pull_request_for_its_linked_project() -> None:
    """With both sides, users, state and the provider's time."""
    interpretation = interpret(EVENT, PULL_REQUEST, view())
    (fact,) = interpretation.domain_events
    assert (fact.type, fact.organization_id, fact.project_id) == (
        DomainEventType.PULL_REQUEST,
        ORGANIZATION,
        LINK.project_id,
    )
    assert (fact.occurred_at, fact.source_event_id, fact.repo_id) == (LATER, EVENT.id, LAUNCHPAD)
    priya = ProviderAccount("900000003", "priya-raman-acme", "User")
    assert fact.data == PullRequestData(
        repo_id=LAUNCHPAD,
        full_name="acme-rockets/launchpad",
        action="opened",
        number=12,
        title="Hold the countdown",
        state="open",
        draft=False,
        merged=False,
        url="https://github.com/acme-rockets/launchpad/pull/12",
        head=PullRequestSide("feature/hold", "c" * 40, LAUNCHPAD, "acme-rockets/launchpad"),
        base=PullRequestSide("main", "b" * 40, LAUNCHPAD, "acme-rockets/launchpad"),
        from_fork=False,
        author=priya,
        merged_by=None,
        merge_commit_sha=None,
        sender=priya,
        is_production_branch=True,
    )
    assert interpretation.repositories == ()


@pytest.mark.parametrize("action", ["opened", "synchronize", "closed", "labeled", "an action of tomorrow"])
def test_publishes_every_action_of_the_provider(action: str) -> None:
    """Consumers choose the relevant ones."""
    assert event_data(replace(PULL_REQUEST, action=action)).action == action


def test_merged_pull_request_has_commit_and_user() -> None:
    """The action is `closed`."""
    jonas = ProviderUser("900000002", "jlindqvist-acme")
    data = event_data(
        replace(PULL_REQUEST, action="closed", state="closed", merged=True, merged_by=jonas, merge_commit_sha="d" * 40)
    )
    assert (data.merged, data.merge_commit_sha) == (True, "d" * 40)
    assert data.merged_by == ProviderAccount("900000002", "jlindqvist-acme", "User")


@pytest.mark.parametrize(
    ("head", "from_fork"),
    [
        (BranchRef("x", "c" * 40, LAUNCHPAD, "acme-rockets/launchpad"), False),
        (BranchRef("x", "c" * 40, LAUNCHPAD, "renamed-since/launchpad"), False),
        (BranchRef("main", "c" * 40, RepoId("81"), "sporter/launchpad"), True),
        (BranchRef("main", "c" * 40, None, None), True),
    ],
    ids=["same repository", "same repository, other name", "fork", "deleted fork"],
)
def test_marks_code_of_forks(head: BranchRef, *, from_fork: bool) -> None:
    """Only the same repository id makes a head internal; a deleted fork is external."""
    data = event_data(replace(PULL_REQUEST, head=head))
    assert data.from_fork is from_fork
    assert (data.head.repo_id, data.head.full_name) == (head.repo_id, head.repo_full_name)


def test_publishes_labels_and_previous_values() -> None:
    """At most 100 labels."""
    changes = PullRequestChanges(previous_title="Launch", previous_base_ref="main")
    data = event_data(replace(PULL_REQUEST, action="edited", changes=changes, labels=("bug",) * 101))
    assert (data.changes, data.labels) == (changes, ("bug",) * 100)


def test_users_may_be_missing() -> None:
    """Accounts can be deleted."""
    data = event_data(replace(PULL_REQUEST, author=None, sender=None))
    assert (data.author, data.sender) == (None, None)


def test_uses_the_time_of_receipt_without_a_provider_time() -> None:
    timeless = interpret(EVENT, replace(PULL_REQUEST, updated_at=None), view())
    assert timeless.domain_events[0].occurred_at == EVENT.created_at


def test_respects_disabled_webhooks_of_a_link() -> None:
    quiet = replace(link(2), webhooks_enabled=False)
    mixed = interpret(EVENT, PULL_REQUEST, view(links=(LINK, quiet)))
    assert [verdict.outcome for verdict in mixed.verdicts] == [Outcome.PROCESSED, Outcome.IGNORED]
    assert [fact.link_id for fact in mixed.domain_events] == [LINK.id]
    assert interpret(EVENT, PULL_REQUEST, view(links=(quiet,))).reason == "webhooks_disabled"
    assert interpret(EVENT, PULL_REQUEST, view(links=())).status is EventStatus.IGNORED
