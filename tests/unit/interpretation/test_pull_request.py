"""What a pull request tells, and to whom."""

from dataclasses import replace

import pytest

from core.domain.events.event import EventStatus, Outcome
from core.domain.events.interpretation import interpret
from core.domain.identifiers import RepoId
from core.domain.provider_events import BranchRef, ProviderUser, PullRequest
from core.domain.streams.domain_event import DomainEventType, ProviderAccount, PullRequestData, PullRequestSide
from tests.support.builders.domain import EVENT, LATER, LAUNCHPAD, LINK, ORGANIZATION, PULL_REQUEST, link, view


def told(pull: PullRequest) -> PullRequestData:
    """Return what the linked project is told of a pull request."""
    data = interpret(EVENT, pull, view()).domain_events[0].data
    assert isinstance(data, PullRequestData)
    return data


def test_a_pull_request_reaches_its_linked_project() -> None:
    """The linked project is told of both sides, its people and its state at the provider's time."""
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
    )
    assert interpretation.repositories == ()


@pytest.mark.parametrize("action", ["opened", "synchronize", "closed", "labeled", "an action of tomorrow"])
def test_every_action_is_told_in_the_providers_word(action: str) -> None:
    """Consumers choose what they act upon; we leave none out."""
    assert told(replace(PULL_REQUEST, action=action)).action == action


def test_a_merged_pull_request_says_who_merged_what() -> None:
    """Merging is `closed` with the merge commit and the person."""
    jonas = ProviderUser("900000002", "jlindqvist-acme")
    data = told(
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
def test_code_from_outside_is_marked(head: BranchRef, *, from_fork: bool) -> None:
    """Only the repository's own id makes a head its own; a deleted fork is still not ours."""
    data = told(replace(PULL_REQUEST, head=head))
    assert data.from_fork is from_fork
    assert (data.head.repo_id, data.head.full_name) == (head.repo_id, head.repo_full_name)


def test_people_may_be_missing() -> None:
    """Accounts can be deleted; the pull request is told without them."""
    data = told(replace(PULL_REQUEST, author=None, sender=None))
    assert (data.author, data.sender) == (None, None)


def test_a_pull_request_without_a_time_happened_when_it_was_received() -> None:
    """Where the provider tells no time, the time of receipt stands in."""
    timeless = interpret(EVENT, replace(PULL_REQUEST, updated_at=None), view())
    assert timeless.domain_events[0].occurred_at == EVENT.created_at


def test_links_decide_for_themselves_here_too() -> None:
    """Links with webhooks off are not told of pull requests either."""
    quiet = replace(link(2), webhooks_enabled=False)
    mixed = interpret(EVENT, PULL_REQUEST, view(links=(LINK, quiet)))
    assert [verdict.outcome for verdict in mixed.verdicts] == [Outcome.PROCESSED, Outcome.IGNORED]
    assert [fact.link_id for fact in mixed.domain_events] == [LINK.id]
    assert interpret(EVENT, PULL_REQUEST, view(links=(quiet,))).reason == "webhooks_disabled"
    assert interpret(EVENT, PULL_REQUEST, view(links=())).status is EventStatus.IGNORED
