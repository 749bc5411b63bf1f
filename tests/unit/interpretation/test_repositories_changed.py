"""Repositories an installation may see, more of them or fewer, and the links to them."""

from dataclasses import replace

from core.domain.audit import Change
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


def test_adds_a_repository_to_the_catalog() -> None:
    """The short form has few fields; a sync adds the others."""
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


def test_does_not_publish_a_known_repository_as_added() -> None:
    """A sync may have been faster than the webhook; its fields are kept."""
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(LISTED,)), view())
    assert interpretation.repositories == (REPOSITORY,)
    assert (interpretation.domain_events, interpretation.status) == ((), EventStatus.PROCESSED)


def test_renames_links_with_their_repository() -> None:
    """If the catalog takes a name from a list."""
    renamed = replace(LISTED, full_name="acme-rockets/pad")
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(renamed,)), view())
    assert [row.full_name for row in interpretation.repositories] == ["acme-rockets/pad"]
    assert [step.after and step.after.repo_full_name for step in interpretation.links] == ["acme-rockets/pad"]


def test_removed_repository_makes_its_links_unreachable() -> None:
    """Row and links stay; projects get an event."""
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
    guidance = replace(REPOSITORY, repo_id=GUIDANCE, full_name="acme-rockets/guidance")
    interpretation = interpret(
        EVENT, TAKEN_AWAY, view(repositories=[REPOSITORY, guidance], links=(LINK, link(2, guidance)))
    )
    assert [fact.link_id for fact in interpretation.domain_events if fact.link_id] == [LINK.id]


def test_removing_an_unknown_repository_stores_a_tombstone() -> None:
    """A sync that started earlier must not add it."""
    interpretation = interpret(EVENT, TAKEN_AWAY, view(repositories=[], links=()))
    assert interpretation.repositories == (
        Repository(INTEGRATION.id, LAUNCHPAD, "acme-rockets/launchpad", private=True, removed_at=NOW),
    )


def test_second_removal_changes_nothing() -> None:
    """The tombstone keeps its time; it is written again, so that a running sync leaves it alone."""
    interpretation = interpret(EVENT, TAKEN_AWAY, view(repositories=[REMOVED]))
    assert (interpretation.repositories, interpretation.domain_events) == ((REMOVED,), ())
    assert [verdict.reason for verdict in interpretation.verdicts] == ["removed"]


def test_returning_repository_restores_its_links() -> None:
    """Projects get an event."""
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(LISTED,)), view(repositories=[REMOVED]))
    assert interpretation.repositories == (REPOSITORY,)
    assert [fact.type for fact in interpretation.domain_events] == [
        DomainEventType.REPOSITORY_ADDED,
        DomainEventType.LINK_RESTORED,
    ]
    assert interpretation.domain_events[1].data == LinkData(LINK.external_id, LAUNCHPAD, "acme-rockets/launchpad")
    assert interpretation.domain_events[1].organization_id == ORGANIZATION


def test_returning_repository_renames_its_links() -> None:
    """It may have been renamed while it was not visible."""
    renamed = replace(LISTED, full_name="acme-rockets/pad")
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=(renamed,)), view(repositories=[REMOVED]))
    assert [step.after for step in interpretation.links] == [
        replace(LINK, repo_full_name="acme-rockets/pad", previous_full_name="acme-rockets/launchpad")
    ]


def test_lists_apply_without_a_time_and_request_a_sync() -> None:
    """A skipped removal would still show a private repository."""
    waiting = replace(INTEGRATION, sync_requested_at=EARLIER)
    interpretation = interpret(EVENT, TAKEN_AWAY, view(waiting))
    assert (len(interpretation.repositories), interpretation.integration) == (1, None)


def test_updates_the_repository_selection() -> None:
    """All repositories or selected ones."""
    interpretation = interpret(EVENT, RepositoriesChanged("all", added=(NEW,)), view())
    assert interpretation.integration is not None
    assert interpretation.integration.after == replace(INTEGRATION, repository_selection="all", sync_requested_at=NOW)


def test_empty_lists_request_a_sync() -> None:
    """They show that something changed."""
    interpretation = interpret(EVENT, RepositoriesChanged("all"), view())
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "reread_requested", str(INTEGRATION.external_id)),
    )
    assert interpretation.integration is not None
    waiting = replace(INTEGRATION, sync_requested_at=EARLIER)
    idle = interpret(EVENT, RepositoriesChanged(None), view(waiting))
    assert (idle.status, idle.reason) == (EventStatus.IGNORED, "nothing_changed")


def test_adds_many_repositories_at_once() -> None:
    """A hundred selected repositories are one delivery."""
    many = tuple(
        RepositoryFacts(RepoId(str(number)), f"acme-rockets/r{number}", private=number % 2 == 0)
        for number in range(1, 101)
    )
    interpretation = interpret(EVENT, RepositoriesChanged("selected", added=many), view())
    assert [row.full_name for row in interpretation.repositories] == [facts.full_name for facts in many]
    assert len(interpretation.domain_events) == len(interpretation.verdicts) == 100
