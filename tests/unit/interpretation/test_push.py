"""Interpretation of pushes."""

from dataclasses import replace
from datetime import datetime

import pytest

from core.domain.changed_files import ChangedFiles
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


def event_data(push: Push, seen: View | None = None) -> PushData:
    """Return the event data of a push for the first project."""
    data = interpret(EVENT, push, seen or view()).domain_events[0].data
    assert isinstance(data, PushData)
    return data


def test_publishes_a_push_for_its_linked_project() -> None:
    """Once, with all fields, in the integration's organization."""
    interpretation = interpret(EVENT, PUSH, view())
    priya = Person("Priya Raman", "priya@acme-rockets.example", "priya-raman-acme")
    commit = PushedCommit(COMMIT.sha, COMMIT.message, EARLIER, COMMIT.url, priya)
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
                commits=(commit,),
                commits_truncated=False,
                changed_files=ChangedFiles(("README.md",), 1, complete=True),
                head_commit=commit,
                is_production_branch=True,
            ),
        ),
    )
    assert interpretation.status is EventStatus.PROCESSED
    assert interpretation.verdicts == (
        Verdict("link", Outcome.PROCESSED, "delivered", str(LINK.external_id), LINK.project_external_id),
    )


def test_result_has_the_matched_link() -> None:
    """The event of a push for one link has integration, link and project."""
    settled = interpret(EVENT, PUSH, view()).to_result(EVENT, INTEGRATION)
    assert (settled.event_id, settled.status, settled.integration_id) == (
        EVENT.id,
        EventStatus.PROCESSED,
        INTEGRATION.id,
    )
    assert (settled.link_id, settled.project_ids, settled.attempts) == (LINK.id, (LINK.project_id,), None)


def test_publishes_for_every_linked_project() -> None:
    """The event itself names no single link then."""
    links = (link(1), link(2), link(3))
    interpretation = interpret(EVENT, PUSH, view(links=links))
    assert [fact.project_id for fact in interpretation.domain_events] == [one.project_id for one in links]
    assert [verdict.reason for verdict in interpretation.verdicts] == ["delivered"] * 3
    settled = interpretation.to_result(EVENT, INTEGRATION)
    assert (settled.link_id, settled.project_ids) == (None, tuple(one.project_id for one in links))


def test_does_not_publish_if_webhooks_are_off() -> None:
    """Each link has its own verdict."""
    quiet = replace(link(2), webhooks_enabled=False)
    interpretation = interpret(EVENT, PUSH, view(links=(quiet, link(1))))
    assert interpretation.status is EventStatus.PROCESSED
    assert [(verdict.outcome, verdict.reason) for verdict in interpretation.verdicts] == [
        (Outcome.IGNORED, "webhooks_disabled"),
        (Outcome.PROCESSED, "delivered"),
    ]
    assert [fact.link_id for fact in interpretation.domain_events] == [link(1).id]


def test_ignores_a_push_if_all_webhooks_are_off() -> None:
    """It is stored and matched."""
    quiet = replace(LINK, webhooks_enabled=False)
    interpretation = interpret(EVENT, PUSH, view(links=(quiet,)))
    assert (interpretation.status, interpretation.reason) == (EventStatus.IGNORED, "webhooks_disabled")
    assert interpretation.domain_events == ()
    assert interpretation.to_result(EVENT, INTEGRATION).link_id == quiet.id


def test_ignores_a_push_without_a_link() -> None:
    """With its reason."""
    interpretation = interpret(EVENT, PUSH, view(links=()))
    assert (interpretation.status, interpretation.reason) == (EventStatus.IGNORED, "repository_not_linked")
    assert interpretation.verdicts == (Verdict("repository", Outcome.IGNORED, "repository_not_linked", LAUNCHPAD),)


def test_does_not_publish_for_other_repositories() -> None:
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
        ("refs/notes/commits", "other", None),
        ("refs/headstrong", "other", None),
        ("main", "other", None),
    ],
)
def test_removes_only_the_prefix_of_a_ref(ref: str, kind: str, branch: str | None) -> None:
    """A branch keeps its slashes and signs; a tag has no branch."""
    data = event_data(replace(PUSH, ref=ref))
    assert (data.ref, data.ref_type, data.branch) == (ref, kind, branch)


def test_marks_a_deleted_branch() -> None:
    """It has no commits, so that consumers do not deploy a zero hash."""
    data = event_data(replace(PUSH, deleted=True, after=NO_COMMIT, commits=(), commits_total=0, head_commit=None))
    assert (data.deleted, data.after, data.commits, data.commits_truncated) == (True, NO_COMMIT, (), False)


def test_publishes_a_new_branch_without_commits() -> None:
    """The ref is new although no commit is."""
    data = event_data(replace(PUSH, created=True, before=NO_COMMIT, commits=(), commits_total=0))
    assert (data.created, data.before, data.commits) == (True, NO_COMMIT, ())


def test_marks_a_forced_push() -> None:
    assert event_data(replace(PUSH, forced=True)).forced


def test_publishes_the_newest_hundred_commits() -> None:
    """The event reports that older ones are missing."""
    commits = tuple(replace(COMMIT, sha=f"{number:040x}") for number in range(130))
    data = event_data(replace(PUSH, commits=commits, commits_total=130))
    assert [commit.sha for commit in data.commits] == [commit.sha for commit in commits[30:]]
    assert data.commits_truncated
    exactly = event_data(replace(PUSH, commits=commits[:100], commits_total=100))
    assert (len(exactly.commits), exactly.commits_truncated) == (100, False)


def test_publishes_the_first_thousand_paths() -> None:
    """The event has the number of all of them."""
    files = ChangedFiles.of([f"src/{number:04}" for number in range(1001)], complete=True)
    assert event_data(replace(PUSH, changed_files=files)).changed_files == ChangedFiles(
        files.paths[:1000], 1001, complete=True
    )
    long = ChangedFiles.of([f"{number}{'x' * 3_000}" for number in range(100)], complete=True)
    assert len(event_data(replace(PUSH, changed_files=long)).changed_files.paths) == 33


def test_publishes_the_head_commit_of_a_push_without_commits() -> None:
    data = event_data(replace(PUSH, created=True, commits=(), commits_total=0))
    assert data.head_commit is not None
    assert (data.head_commit.sha, data.commits) == (COMMIT.sha, ())


def test_publishes_whether_a_commit_is_new_and_a_branch_is_a_merge_queue() -> None:
    data = event_data(replace(PUSH, is_merge_queue=True, commits=(COMMIT, replace(COMMIT, distinct=False))))
    assert [commit.distinct for commit in data.commits] == [True, False]
    assert data.is_merge_queue


def test_publishes_co_authors_with_their_commit() -> None:
    shared = replace(COMMIT, co_authors=(Author("Jonas Lindqvist", "jonas@acme-rockets.example"),))
    first, second = event_data(replace(PUSH, commits=(shared, COMMIT), commits_total=2)).commits
    assert first.co_authors == (Person("Jonas Lindqvist", "jonas@acme-rockets.example"),)
    assert second.co_authors == ()


def test_publishes_an_author_without_address_or_account() -> None:
    """Git requires neither."""
    data = event_data(replace(PUSH, commits=(replace(COMMIT, author=Author("anonymous")),), pusher=None, sender=None))
    assert data.commits[0].author == Person("anonymous")
    assert (data.pusher, data.sender) == (None, None)


def push_times(interpretation: Interpretation) -> list[datetime | None]:
    """Return the times of the last push that an interpretation writes."""
    return [row.pushed_at for row in interpretation.repositories]


def test_updates_the_last_push_in_the_catalog() -> None:
    """And no other column of the row."""
    interpretation = interpret(EVENT, PUSH, view())
    assert interpretation.repositories == (replace(REPOSITORY, pushed_at=NOW),)
    assert interpret(EVENT, PUSH, view(links=())).repositories == interpretation.repositories


def test_older_push_keeps_the_later_time() -> None:
    """Pushes may arrive out of order: all are published."""
    late = view(repositories=[replace(REPOSITORY, pushed_at=LATER)])
    assert push_times(interpret(EVENT, PUSH, late)) == []
    assert len(interpret(EVENT, PUSH, late).domain_events) == 1
    never = view(repositories=[replace(REPOSITORY, pushed_at=None)])
    assert push_times(interpret(EVENT, PUSH, never)) == [NOW]


def test_uses_the_time_of_receipt_without_a_provider_time() -> None:
    """The catalog row stays unchanged."""
    timeless = replace(PUSH, repository=replace(PUSH.repository, pushed_at=None))
    interpretation = interpret(EVENT, timeless, view())
    assert interpretation.domain_events[0].occurred_at == EVENT.created_at
    assert interpretation.repositories == ()


def test_publishes_a_push_to_a_repository_outside_the_catalog() -> None:
    """Only the link counts; the catalog learns of the repository from other events."""
    interpretation = interpret(EVENT, PUSH, view(repositories=[]))
    assert (len(interpretation.domain_events), interpretation.repositories) == (1, ())
