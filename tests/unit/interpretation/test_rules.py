"""What the rules of links do to an event: verdicts, domain events, and what the event's own reason is."""

from dataclasses import replace

from core.domain.changed_files import ChangedFiles
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.links.link import Link
from core.domain.provider_events import PullRequest, Push
from core.domain.rules.rules import PlainRules
from core.domain.streams.domain_event import PullRequestData, PushData
from tests.support.builders.domain import COMMIT, EVENT, LINK, NO_COMMIT, PULL_REQUEST, PUSH, link, view

APP_A = replace(link(1), settings={"root_directory": "apps/a"})
APP_B = replace(link(2), settings={"root_directory": "apps/b"})
UNDER_A = replace(PUSH, changed_files=ChangedFiles.of(["apps/a/main.py"], complete=True))


def with_rules(rules: PlainRules, number: int = 1) -> Link:
    """Return a link with these rules."""
    return replace(link(number), settings={"rules": rules})


def verdict(of: Link, reason: str, pattern: str | None = None, value: str | None = None) -> Verdict:
    """Return the verdict for a link."""
    outcome = Outcome.PROCESSED if reason in ("delivered", "paths_unknown") else Outcome.IGNORED
    return Verdict("link", outcome, reason, str(of.external_id), of.project_external_id, pattern, value)


def test_push_reaches_only_the_project_whose_files_it_changes() -> None:
    interpretation = interpret(EVENT, UNDER_A, view(links=(APP_A, APP_B)))
    assert interpretation.status is EventStatus.PROCESSED
    assert [event.link_id for event in interpretation.domain_events] == [APP_A.id]
    assert interpretation.verdicts == (
        verdict(APP_A, "delivered", "apps/a/**", "apps/a/main.py"),
        verdict(APP_B, "paths_not_matched", None, "apps/a/main.py"),
    )
    assert interpretation.matched_links == (APP_A, APP_B)


def test_push_with_unknown_files_reaches_both_projects() -> None:
    unknown = ChangedFiles.of(["elsewhere"], complete=False)
    pushes = {
        "forced": replace(UNDER_A, forced=True, changed_files=unknown),
        "truncated": replace(UNDER_A, changed_files=unknown),
        "new branch": replace(UNDER_A, created=True, before=NO_COMMIT, commits=(), changed_files=ChangedFiles()),
    }
    for push in pushes.values():
        interpretation = interpret(EVENT, push, view(links=(APP_A, APP_B)))
        assert [event.link_id for event in interpretation.domain_events] == [APP_A.id, APP_B.id]
        assert {verdict.reason for verdict in interpretation.verdicts} == {"paths_unknown"}


def test_ignored_event_has_the_reason_that_all_links_share() -> None:
    interpretation = interpret(EVENT, UNDER_A, view(links=(APP_B,)))
    assert (interpretation.status, interpretation.reason) == (EventStatus.IGNORED, "paths_not_matched")
    assert interpretation.domain_events == ()
    assert interpretation.attributions == ()
    paused = replace(APP_A, webhooks_enabled=False)
    both = interpret(EVENT, UNDER_A, view(links=(paused, APP_B)))
    assert (both.status, both.reason) == (EventStatus.IGNORED, "not_delivered")
    assert [verdict.reason for verdict in both.verdicts] == ["webhooks_disabled", "paths_not_matched"]


def test_ignored_push_still_updates_the_repository() -> None:
    """The list of repositories shows the last push, also if no project receives it."""
    assert interpret(EVENT, UNDER_A, view(links=(APP_B,))).repositories


def test_long_paths_are_shortened_in_verdicts() -> None:
    push = replace(PUSH, changed_files=ChangedFiles.of(["x" * 4_000], complete=True))
    [found] = interpret(EVENT, push, view(links=(APP_A,))).verdicts
    assert found.value == "x" * 500


def is_production(event: Push | PullRequest, *links: Link) -> list[bool]:
    """Return what the domain events of an event say about the production branch."""
    datas = [fact.data for fact in interpret(EVENT, event, view(links=links)).domain_events]
    assert all(isinstance(data, PushData | PullRequestData) for data in datas)
    return [data.is_production_branch for data in datas if isinstance(data, PushData | PullRequestData)]


def test_domain_events_name_the_production_branch_of_each_link() -> None:
    stable = replace(link(2), default_branch="stable")
    assert is_production(PUSH, LINK, stable) == [True, False]
    assert is_production(replace(PUSH, ref="refs/heads/stable"), LINK, stable) == [False, True]
    assert is_production(replace(PUSH, ref="refs/tags/main"), LINK) == [False]
    assert is_production(replace(PUSH, ref="main"), LINK) == [False]
    assert is_production(PULL_REQUEST, LINK, stable) == [True, False]


def test_pull_request_is_decided_by_its_rules() -> None:
    quiet = with_rules({"pull_requests": {"drafts": False}})
    loud = with_rules({}, number=2)
    draft = interpret(EVENT, replace(PULL_REQUEST, draft=True), view(links=(quiet, loud)))
    assert draft.verdicts == (verdict(quiet, "draft"), verdict(loud, "delivered"))
    assert [event.link_id for event in draft.domain_events] == [loud.id]


def test_skip_marker_hides_a_push_by_default() -> None:
    """A link that existed before rules has `skip_markers` set to false by the migration."""
    push = replace(PUSH, head_commit=replace(COMMIT, message="Fix typo [skip ci]"))
    assert interpret(EVENT, push, view(links=(LINK,))).reason == "skip_marker"
    assert interpret(EVENT, push, view(links=(with_rules({"skip_markers": False}),))).domain_events
