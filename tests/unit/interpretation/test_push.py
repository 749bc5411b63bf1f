"""What a push tells, and to whom."""

from dataclasses import replace
from datetime import datetime

import pytest

from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import Interpretation, View, interpret
from core.domain.provider_events import Author, Push
from core.domain.streams.domain_event import (
    DomainEvent,
    DomainEventType,
    Person,
    ProviderAccount,
    PushData,
    PushedCommit,
)
from tests.support.builders.domain import (
    COMMIT,
    EARLIER,
    EVENT,
    GUIDANCE,
    INTEGRATION,
    LATER,
    LAUNCHPAD,
    LINK,
    NO_COMMIT,
    NOW,
    ORGANIZATION,
    PUSH,
    REPOSITORY,
    link,
    view,
)


def told(push: Push, seen: View | None = None) -> PushData:
    """Return what the first project is told of a push."""
    data = interpret(EVENT, push, seen or view()).domain_events[0].data
    assert isinstance(data, PushData)
    return data


def test_a_push_reaches_its_linked_project() -> None:
    """The linked project is told once, of all a consumer needs, in the integration's organization."""
    interpretation = interpret(EVENT, PUSH, view())
    priya = Person("Priya Raman", "priya@acme-rockets.example", "priya-raman-acme")
    assert interpretation.domain_events == (
        DomainEvent(
            type=DomainEventType.PUSH,
            organization_id=ORGANIZATION,
            integration_id=INTEGRATION.id,
            project_id=LINK.project_id,
            link_id=LINK.id,
            repo_id=LAUNCHPAD,
            occurred_at=NOW,
            source_event_id=EVENT.id,
            data=PushData(
                repo_id=LAUNCHPAD,
                full_name="acme-rockets/launchpad",
                ref="refs/heads/main",
                ref_type="branch",
                branch="main",
                before="b" * 40,
                after="a" * 40,
                created=False,
                deleted=False,
                forced=False,
                default_branch="main",
                compare_url=PUSH.compare_url,
                pusher=priya,
                sender=ProviderAccount("900000003", "priya-raman-acme", "User"),
                commits=(PushedCommit(COMMIT.sha, COMMIT.message, EARLIER, COMMIT.url, priya),),
                commits_truncated=False,
            ),
        ),
    )
    assert interpretation.status is EventStatus.PROCESSED
    assert interpretation.verdicts == (
        Verdict("link", Outcome.PROCESSED, "delivered", str(LINK.external_id), LINK.project_external_id),
    )


def test_the_ledger_keeps_whom_a_push_matched() -> None:
    """A push for one link is settled with the integration, that link and its project."""
    settled = interpret(EVENT, PUSH, view()).to_result(EVENT, INTEGRATION)
    assert (settled.event_id, settled.status, settled.integration_id) == (
        EVENT.id,
        EventStatus.PROCESSED,
        INTEGRATION.id,
    )
    assert (settled.link_id, settled.project_ids, settled.attempts) == (LINK.id, (LINK.project_id,), None)


def test_every_project_linked_to_the_repository_is_told() -> None:
    """Several projects may link one repository: each is told, and the ledger names no single link."""
    links = (link(1), link(2), link(3))
    interpretation = interpret(EVENT, PUSH, view(links=links))
    assert [fact.project_id for fact in interpretation.domain_events] == [one.project_id for one in links]
    assert [verdict.reason for verdict in interpretation.verdicts] == ["delivered"] * 3
    settled = interpretation.to_result(EVENT, INTEGRATION)
    assert (settled.link_id, settled.project_ids) == (None, tuple(one.project_id for one in links))


def test_a_link_with_webhooks_off_is_not_told() -> None:
    """Each link has its own verdict: one project hears of the push, the other chose not to."""
    quiet = replace(link(2), webhooks_enabled=False)
    interpretation = interpret(EVENT, PUSH, view(links=(quiet, link(1))))
    assert interpretation.status is EventStatus.PROCESSED
    assert [(verdict.outcome, verdict.reason) for verdict in interpretation.verdicts] == [
        (Outcome.IGNORED, "webhooks_disabled"),
        (Outcome.PROCESSED, "delivered"),
    ]
    assert [fact.link_id for fact in interpretation.domain_events] == [link(1).id]


def test_a_push_nobody_listens_to_is_ignored() -> None:
    """With webhooks off on every link the push is kept, matched and told to nobody."""
    quiet = replace(LINK, webhooks_enabled=False)
    interpretation = interpret(EVENT, PUSH, view(links=(quiet,)))
    assert (interpretation.status, interpretation.reason) == (EventStatus.IGNORED, "webhooks_disabled")
    assert interpretation.domain_events == ()
    assert interpretation.to_result(EVENT, INTEGRATION).link_id == quiet.id


def test_a_push_without_a_link_is_ignored_with_its_reason() -> None:
    """A repository nobody linked concerns no project."""
    interpretation = interpret(EVENT, PUSH, view(links=()))
    assert (interpretation.status, interpretation.reason) == (EventStatus.IGNORED, "repository_not_linked")
    assert interpretation.verdicts == (Verdict("repository", Outcome.IGNORED, "repository_not_linked", LAUNCHPAD),)


def test_links_to_other_repositories_are_not_told() -> None:
    """A push is told for its own repository only, whatever else the integration has linked."""
    other = link(2, replace(REPOSITORY, repo_id=GUIDANCE, full_name="acme-rockets/guidance"))
    both = interpret(EVENT, PUSH, view(links=(other, LINK)))
    assert [fact.link_id for fact in both.domain_events] == [LINK.id]
    assert both.matched_links == (LINK,)
    assert interpret(EVENT, PUSH, view(links=(other,))).reason == "repository_not_linked"


@pytest.mark.parametrize(
    ("ref", "kind", "branch"),
    [
        ("refs/heads/main", "branch", "main"),
        ("refs/heads/fix/#42-größe/日本", "branch", "fix/#42-größe/日本"),
        ("refs/heads/refs/heads/odd", "branch", "refs/heads/odd"),
        ("refs/tags/v1.4.0", "tag", None),
        ("refs/tags/heads/main", "tag", None),
    ],
)
def test_only_the_prefix_is_taken_off_a_ref(ref: str, kind: str, branch: str | None) -> None:
    """A branch keeps its slashes, signs and letters; a tag has no branch."""
    data = told(replace(PUSH, ref=ref))
    assert (data.ref, data.ref_type, data.branch) == (ref, kind, branch)


def test_a_deleted_branch_is_told_as_deleted() -> None:
    """Deleting a branch has no commits and says so, so that nobody deploys commit zero."""
    data = told(replace(PUSH, deleted=True, after=NO_COMMIT, commits=(), commits_total=0, head_commit=None))
    assert (data.deleted, data.after, data.commits, data.commits_truncated) == (True, NO_COMMIT, (), False)


def test_a_new_branch_at_a_known_commit_is_told_without_commits() -> None:
    """An empty push is a push: the ref is new though no commit is."""
    data = told(replace(PUSH, created=True, before=NO_COMMIT, commits=(), commits_total=0))
    assert (data.created, data.before, data.commits) == (True, NO_COMMIT, ())


def test_a_forced_push_is_told_as_forced() -> None:
    """Rewritten history is marked."""
    assert told(replace(PUSH, forced=True)).forced


def test_of_many_commits_the_newest_hundred_are_told() -> None:
    """Commits come oldest first; beyond a hundred the oldest are left off, and it says so."""
    commits = tuple(replace(COMMIT, sha=f"{number:040x}") for number in range(130))
    data = told(replace(PUSH, commits=commits, commits_total=130))
    assert [commit.sha for commit in data.commits] == [commit.sha for commit in commits[30:]]
    assert data.commits_truncated
    exactly = told(replace(PUSH, commits=commits[:100], commits_total=100))
    assert (len(exactly.commits), exactly.commits_truncated) == (100, False)


def test_co_authors_are_told_with_their_commit() -> None:
    """Co-authors are people of that commit alone."""
    shared = replace(COMMIT, co_authors=(Author("Jonas Lindqvist", "jonas@acme-rockets.example"),))
    first, second = told(replace(PUSH, commits=(shared, COMMIT), commits_total=2)).commits
    assert first.co_authors == (Person("Jonas Lindqvist", "jonas@acme-rockets.example"),)
    assert second.co_authors == ()


def test_an_author_without_address_or_account_is_told_as_far_as_known() -> None:
    """Git demands neither an address nor a provider account; nobody is invented."""
    data = told(replace(PUSH, commits=(replace(COMMIT, author=Author("anonymous")),), pusher=None, sender=None))
    assert data.commits[0].author == Person("anonymous")
    assert (data.pusher, data.sender) == (None, None)


def pushed_at(interpretation: Interpretation) -> list[datetime | None]:
    """Return the times of the last push that an interpretation writes."""
    return [row.pushed_at for row in interpretation.repositories]


def test_the_catalog_notes_when_a_repository_was_last_pushed_to() -> None:
    """A newer push moves the time forward and changes nothing else of the row."""
    interpretation = interpret(EVENT, PUSH, view())
    assert interpretation.repositories == (replace(REPOSITORY, pushed_at=NOW),)
    assert interpret(EVENT, PUSH, view(links=())).repositories == interpretation.repositories


def test_an_older_push_does_not_move_the_time_back() -> None:
    """Pushes may arrive out of order: all are told, the catalog keeps the latest time."""
    late = view(repositories=[replace(REPOSITORY, pushed_at=LATER)])
    assert pushed_at(interpret(EVENT, PUSH, late)) == []
    assert len(interpret(EVENT, PUSH, late).domain_events) == 1
    never = view(repositories=[replace(REPOSITORY, pushed_at=None)])
    assert pushed_at(interpret(EVENT, PUSH, never)) == [NOW]


def test_a_push_without_a_time_happened_when_it_was_received() -> None:
    """Where the provider tells no time, the time of receipt stands in, and the catalog row stays."""
    timeless = replace(PUSH, repository=replace(PUSH.repository, pushed_at=None))
    interpretation = interpret(EVENT, timeless, view())
    assert interpretation.domain_events[0].occurred_at == EVENT.created_at
    assert interpretation.repositories == ()


def test_a_push_to_a_repository_missing_from_the_catalog_is_told_all_the_same() -> None:
    """The link is what counts; the catalog learns of the repository from its own events."""
    interpretation = interpret(EVENT, PUSH, view(repositories=[]))
    assert (len(interpretation.domain_events), interpretation.repositories) == (1, ())
