"""Repositories an installation may see, more of them or fewer, and the links to them."""

from dataclasses import replace

from core.domain.audit.changes import Change
from core.domain.catalog.repository import Repository
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.identifiers import RepoId
from core.domain.provider_events import RepositoriesChanged, RepositoryFacts
from core.domain.streams.domain_event import DomainEvent, DomainEventType, LinkData, RepositoryData
from tests.support.builders.domain import (
    EARLIER,
    EVENT,
    GUIDANCE,
    INTEGRATION,
    LAUNCHPAD,
    LINK,
    LISTED,
    NOW,
    ORGANIZATION,
    REMOVED,
    REPOSITORY,
    TELEMETRY,
    link,
    view,
)

NEW = RepositoryFacts(TELEMETRY, "acme-rockets/telemetry", private=True)
ADDED = RepositoriesChanged("selected", added=(NEW,))
TAKEN_AWAY = RepositoriesChanged("selected", removed=(LISTED,))


def test_an_added_repository_enters_the_catalog() -> None:
    """The short form names it; what it does not say is asked for by a sync."""
    interpretation = interpret(EVENT, ADDED, view())
    row = Repository(INTEGRATION.id, TELEMETRY, "acme-rockets/telemetry", private=True)
    assert interpretation.repositories == (row,)
    assert interpretation.verdicts == (Verdict("repository", Outcome.PROCESSED, "added", TELEMETRY),)
    assert interpretation.domain_events == (
        DomainEvent(
            type=DomainEventType.REPOSITORY_ADDED,
            organization_id=ORGANIZATION,
            integration_id=INTEGRATION.id,
            repo_id=TELEMETRY,
            occurred_at=EVENT.created_at,
            source_event_id=EVENT.id,
            data=RepositoryData(
                TELEMETRY,
                "acme-rockets/telemetry",
                url=None,
                private=True,
                archived=False,
                default_branch=None,
                change="added",
            ),
        ),
    )
    assert interpretation.integration == Change(
        INTEGRATION, replace(INTEGRATION, sync_requested_at=NOW), webhook_actor(EVENT)
    )
    assert interpretation.links == ()


def test_a_repository_we_have_is_not_told_as_added_again() -> None:
    """A sync may have been faster than the webhook; nothing it says is lost."""
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(LISTED,)), view())
    assert interpretation.repositories == (REPOSITORY,)
    assert (interpretation.domain_events, interpretation.status) == ((), EventStatus.PROCESSED)


def test_a_list_that_names_a_known_repository_otherwise_takes_its_links_along() -> None:
    """Where the catalog takes a name from a list, links never name another one."""
    renamed = replace(LISTED, full_name="acme-rockets/pad")
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(renamed,)), view())
    assert [row.full_name for row in interpretation.repositories] == ["acme-rockets/pad"]
    assert [step.after and step.after.repo_full_name for step in interpretation.links] == ["acme-rockets/pad"]


def test_a_removed_repository_leaves_its_links_unreachable() -> None:
    """The row stays as removed and the links stay too; their projects are told that they are cut off."""
    interpretation = interpret(EVENT, TAKEN_AWAY, view(links=(link(1), link(2))))
    assert interpretation.repositories == (replace(REPOSITORY, removed_at=NOW),)
    assert interpretation.links == ()
    repository, *lost = interpretation.domain_events
    assert repository.type is DomainEventType.REPOSITORY_REMOVED
    assert [(fact.type, fact.project_id, fact.data) for fact in lost] == [
        (
            DomainEventType.LINK_UNREACHABLE,
            one.project_id,
            LinkData(one.external_id, LAUNCHPAD, "acme-rockets/launchpad", "repository_removed"),
        )
        for one in (link(1), link(2))
    ]
    assert interpretation.verdicts == (Verdict("repository", Outcome.PROCESSED, "removed", LAUNCHPAD),)


def test_links_to_other_repositories_stay_reachable() -> None:
    """Only links to what was removed are cut off."""
    guidance = replace(REPOSITORY, repo_id=GUIDANCE, full_name="acme-rockets/guidance")
    interpretation = interpret(
        EVENT, TAKEN_AWAY, view(repositories=[REPOSITORY, guidance], links=(LINK, link(2, guidance)))
    )
    assert [fact.link_id for fact in interpretation.domain_events if fact.link_id] == [LINK.id]


def test_removing_a_repository_we_never_had_leaves_a_tombstone() -> None:
    """A sync that began before must not bring it in."""
    interpretation = interpret(EVENT, TAKEN_AWAY, view(repositories=[], links=()))
    assert interpretation.repositories == (
        Repository(INTEGRATION.id, LAUNCHPAD, "acme-rockets/launchpad", private=True, removed_at=NOW),
    )


def test_removing_it_twice_changes_and_tells_nothing_more() -> None:
    """The tombstone keeps its time; it is written again, so that a sync under way leaves it alone."""
    interpretation = interpret(EVENT, TAKEN_AWAY, view(repositories=[REMOVED]))
    assert (interpretation.repositories, interpretation.domain_events) == ((REMOVED,), ())
    assert [verdict.reason for verdict in interpretation.verdicts] == ["removed"]


def test_a_repository_that_comes_back_restores_its_links() -> None:
    """Row and links are as they were, and their projects are told."""
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(LISTED,)), view(repositories=[REMOVED]))
    assert interpretation.repositories == (REPOSITORY,)
    assert [fact.type for fact in interpretation.domain_events] == [
        DomainEventType.REPOSITORY_ADDED,
        DomainEventType.LINK_RESTORED,
    ]
    assert interpretation.domain_events[1].data == LinkData(LINK.external_id, LAUNCHPAD, "acme-rockets/launchpad")
    assert interpretation.domain_events[1].organization_id == ORGANIZATION


def test_a_repository_that_comes_back_under_another_name_takes_its_links_along() -> None:
    """It may have been renamed while we could not see it."""
    renamed = replace(LISTED, full_name="acme-rockets/pad")
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(renamed,)), view(repositories=[REMOVED]))
    assert [step.after for step in interpretation.links] == [
        replace(LINK, repo_full_name="acme-rockets/pad", previous_full_name="acme-rockets/launchpad")
    ]


def test_lists_apply_though_they_have_no_time_and_a_reread_is_requested() -> None:
    """A skipped removal would go on showing a private repository; the sync settles the rest."""
    waiting = replace(INTEGRATION, sync_requested_at=EARLIER)
    interpretation = interpret(EVENT, TAKEN_AWAY, view(waiting))
    assert (len(interpretation.repositories), interpretation.integration) == (1, None)


def test_the_selection_follows() -> None:
    """Whether the installation sees all repositories or chosen ones is the integration's to know."""
    interpretation = interpret(EVENT, RepositoriesChanged("all", added=(NEW,)), view())
    assert interpretation.integration is not None
    assert interpretation.integration.after == replace(INTEGRATION, repository_selection="all", sync_requested_at=NOW)


def test_empty_lists_are_answered_by_a_reread() -> None:
    """A delivery that lists nothing still says that something changed."""
    interpretation = interpret(EVENT, RepositoriesChanged("all"), view())
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "reread_requested", str(INTEGRATION.external_id)),
    )
    assert interpretation.integration is not None
    waiting = replace(INTEGRATION, sync_requested_at=EARLIER)
    idle = interpret(EVENT, RepositoriesChanged(None), view(waiting))
    assert (idle.status, idle.reason) == (EventStatus.IGNORED, "nothing_changed")


def test_many_repositories_are_taken_in_at_once() -> None:
    """Choosing a hundred repositories is one delivery and one interpretation."""
    many = tuple(
        RepositoryFacts(RepoId(str(number)), f"acme-rockets/r{number}", private=number % 2 == 0)
        for number in range(1, 101)
    )
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=many), view())
    assert [row.full_name for row in interpretation.repositories] == [facts.full_name for facts in many]
    assert len(interpretation.domain_events) == len(interpretation.verdicts) == 100
