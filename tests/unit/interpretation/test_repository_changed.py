"""How catalog and links follow one repository by its numeric id."""

from dataclasses import replace

import pytest

from core.domain.catalog.repository import Repository
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import Interpretation, View, interpret
from core.domain.identifiers import AccountId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import RepositoryChanged, RepositoryFacts, RepositoryStep
from core.domain.streams.domain_event import DomainEventType, LinkData, RepositoryData
from tests.support.builders.domain import (
    EARLIER,
    EVENT,
    FACTS,
    INTEGRATION,
    LATER,
    LAUNCHPAD,
    LINK,
    NOW,
    REMOVED,
    REPOSITORY,
    SUSPENDED_BY_US,
    link,
    view,
)

ELSEWHERE = AccountId("900000777")
FOLLOWED = replace(REPOSITORY, provider_updated_at=LATER)
FOLLOWING = [step for step in RepositoryStep if step is not RepositoryStep.DELETED]
# Anything but an arrival: such a fact about a repository already taken away can only be late.
NOT_ARRIVING = [step for step in FOLLOWING if step not in {RepositoryStep.TRANSFERRED, RepositoryStep.CREATED}]


def interpret_step(step: RepositoryStep, facts: RepositoryFacts = FACTS, seen: View | None = None) -> Interpretation:
    """Interpret one step of a repository."""
    return interpret(EVENT, RepositoryChanged(step, facts), seen or view())


def links_after(interpretation: Interpretation) -> list[Link | None]:
    """Return the links an interpretation writes."""
    return [step.after for step in interpretation.links]


def integration_after(interpretation: Interpretation) -> Integration | None:
    """Return the integration an interpretation writes, None where it writes none."""
    return interpretation.integration.after if interpretation.integration else None


def test_renames_links_with_their_repository() -> None:
    """By the numeric id; the event has both names."""
    renamed = replace(FACTS, full_name="acme-rockets/pad", url="https://github.com/acme-rockets/pad")
    interpretation = interpret_step(RepositoryStep.RENAMED, renamed, view(links=(link(1), link(2))))
    assert interpretation.repositories == (
        replace(FOLLOWED, full_name="acme-rockets/pad", url="https://github.com/acme-rockets/pad"),
    )
    assert links_after(interpretation) == [
        replace(
            one,
            repo_full_name="acme-rockets/pad",
            repo_url="https://github.com/acme-rockets/pad",
            previous_full_name="acme-rockets/launchpad",
        )
        for one in (link(1), link(2))
    ]
    (fact,) = interpretation.domain_events
    assert (fact.type, fact.occurred_at) == (DomainEventType.REPOSITORY_RENAMED, LATER)
    assert fact.data == RepositoryData(
        LAUNCHPAD,
        "acme-rockets/pad",
        url="https://github.com/acme-rockets/pad",
        private=True,
        archived=False,
        default_branch="main",
        change="renamed",
        previous_full_name="acme-rockets/launchpad",
    )
    assert interpretation.verdicts == (Verdict("repository", Outcome.PROCESSED, "renamed", LAUNCHPAD),)
    assert interpretation.integration is None


def test_other_changes_keep_the_former_name() -> None:
    """Users search for a repository by its former name."""
    known = replace(LINK, previous_full_name="acme-rockets/site")
    interpretation = interpret_step(
        RepositoryStep.EDITED, replace(FACTS, url="https://x.example"), view(links=(known,))
    )
    assert [after and after.previous_full_name for after in links_after(interpretation)] == ["acme-rockets/site"]


def test_rename_to_the_same_name_is_an_update() -> None:
    """GitHub sends those; links do not change."""
    interpretation = interpret_step(RepositoryStep.RENAMED)
    assert interpretation.links == ()
    assert [fact.type for fact in interpretation.domain_events] == [DomainEventType.REPOSITORY_UPDATED]


def test_new_default_branch_updates_links_that_mirrored_it() -> None:
    """A branch that a user chose stays."""
    chosen = replace(link(2), default_branch="release")
    interpretation = interpret_step(
        RepositoryStep.EDITED, replace(FACTS, default_branch="trunk"), view(links=(link(1), chosen))
    )
    assert links_after(interpretation) == [replace(link(1), default_branch="trunk")]
    assert [row.default_branch for row in interpretation.repositories] == ["trunk"]


@pytest.mark.parametrize(
    ("step", "facts", "row"),
    [
        (RepositoryStep.ARCHIVED, replace(FACTS, archived=True), replace(FOLLOWED, archived=True)),
        (RepositoryStep.UNARCHIVED, replace(FACTS, archived=False), FOLLOWED),
        (RepositoryStep.PUBLICIZED, replace(FACTS, private=False), replace(FOLLOWED, private=False)),
        (RepositoryStep.PRIVATIZED, replace(FACTS, private=True), FOLLOWED),
        (RepositoryStep.EDITED, replace(FACTS, description=None), replace(FOLLOWED, description=None)),
        (RepositoryStep.EDITED, replace(FACTS, language=None), replace(FOLLOWED, language=None)),
        (RepositoryStep.CREATED, FACTS, FOLLOWED),
        (RepositoryStep.TRANSFERRED, FACTS, FOLLOWED),
    ],
    ids=lambda value: value.value if isinstance(value, RepositoryStep) else "",
)
def test_updates_the_catalog(step: RepositoryStep, facts: RepositoryFacts, row: Repository) -> None:
    """A complete description also removes missing fields."""
    interpretation = interpret_step(step, facts)
    assert interpretation.repositories == (row,)
    (fact,) = interpretation.domain_events
    assert isinstance(fact.data, RepositoryData)
    assert (fact.type, fact.data.change) == (DomainEventType.REPOSITORY_UPDATED, step.value)


@pytest.mark.parametrize("step", FOLLOWING, ids=lambda step: step.value)
def test_skips_an_older_event(step: RepositoryStep) -> None:
    """Deliveries arrive in any order."""
    skipped = interpret_step(step, replace(FACTS, updated_at=EARLIER, full_name="acme-rockets/old"))
    assert (skipped.status, skipped.reason) == (EventStatus.IGNORED, "older_than_state")
    assert (skipped.repositories, skipped.links, skipped.domain_events) == ((), (), ())
    assert skipped.integration is None


@pytest.mark.parametrize("step", FOLLOWING, ids=lambda step: step.value)
@pytest.mark.parametrize("has_time", [True, False], ids=["equal", "missing"])
def test_applies_an_event_of_unknown_order_and_requests_a_sync(step: RepositoryStep, *, has_time: bool) -> None:
    """Times have whole seconds and may be missing."""
    facts = replace(FACTS, updated_at=NOW if has_time else None, full_name="acme-rockets/pad")
    interpretation = interpret_step(step, facts)
    assert [row.full_name for row in interpretation.repositories] == ["acme-rockets/pad"]
    assert integration_after(interpretation) == replace(INTEGRATION, sync_requested_at=NOW)


def test_event_of_a_row_without_a_time_is_newer() -> None:
    """A row from a short list has no time yet."""
    bare = replace(REPOSITORY, provider_updated_at=None)
    assert interpret_step(RepositoryStep.EDITED, seen=view(repositories=[bare])).integration is None


@pytest.mark.parametrize("step", FOLLOWING, ids=lambda step: step.value)
def test_adds_an_unknown_repository(step: RepositoryStep) -> None:
    """An installation receives only events of visible repositories."""
    interpretation = interpret_step(step, seen=view(repositories=[], links=()))
    assert interpretation.repositories == (FOLLOWED,)
    assert [fact.type for fact in interpretation.domain_events] == [DomainEventType.REPOSITORY_ADDED]
    assert [verdict.reason for verdict in interpretation.verdicts] == ["added"]


@pytest.mark.parametrize("time", [EARLIER, NOW, LATER, None], ids=["older", "equal", "newer", "missing"])
def test_always_applies_a_deletion(time: object) -> None:
    """Repository ids are never reused, and a removal must never be skipped."""
    facts = next(replace(FACTS, updated_at=at) for at in (EARLIER, NOW, LATER, None) if at == time)
    interpretation = interpret_step(RepositoryStep.DELETED, facts)
    (row,) = interpretation.repositories
    assert (row.removed_at, row.full_name) == (NOW, "acme-rockets/launchpad")
    assert [fact.type for fact in interpretation.domain_events] == [
        DomainEventType.REPOSITORY_REMOVED,
        DomainEventType.LINK_UNREACHABLE,
    ]
    assert interpretation.domain_events[1].data == LinkData(
        LINK.external_id, LAUNCHPAD, "acme-rockets/launchpad", "repository_removed"
    )
    assert interpretation.links == ()


def test_removes_a_repository_transferred_to_another_account() -> None:
    """A link never crosses integrations."""
    away = replace(FACTS, owner_id=ELSEWHERE, full_name="elsewhere/launchpad")
    interpretation = interpret_step(RepositoryStep.TRANSFERRED, away)
    (row,) = interpretation.repositories
    assert (row.removed_at, row.full_name) == (NOW, "acme-rockets/launchpad")
    assert [fact.type for fact in interpretation.domain_events] == [
        DomainEventType.REPOSITORY_REMOVED,
        DomainEventType.LINK_UNREACHABLE,
    ]
    assert interpretation.links == ()


@pytest.mark.parametrize(
    ("facts", "integration"),
    [(replace(FACTS, owner_id=None), INTEGRATION), (FACTS, replace(INTEGRATION, account_id=None))],
    ids=["owner unknown", "account unknown"],
)
def test_unknown_owner_removes_nothing(facts: RepositoryFacts, integration: Integration) -> None:
    """GitHub sends a transfer to the new owner's installation, so it means an arrival."""
    interpretation = interpret_step(RepositoryStep.TRANSFERRED, facts, view(integration))
    assert [row.removed_at for row in interpretation.repositories] == [None]


def test_restores_a_repository_that_is_transferred_back() -> None:
    """With its links."""
    interpretation = interpret_step(RepositoryStep.TRANSFERRED, seen=view(repositories=[REMOVED]))
    assert interpretation.repositories == (FOLLOWED,)
    assert [fact.type for fact in interpretation.domain_events] == [
        DomainEventType.REPOSITORY_ADDED,
        DomainEventType.LINK_RESTORED,
    ]


@pytest.mark.parametrize("step", [*NOT_ARRIVING, RepositoryStep.CREATED], ids=lambda step: step.value)
@pytest.mark.parametrize("time", [NOW, LATER, None], ids=["equal", "newer", "missing"])
def test_late_event_does_not_restore_a_removed_repository(step: RepositoryStep, time: object) -> None:
    """A sync is requested."""
    facts = next(replace(FACTS, updated_at=at) for at in (NOW, LATER, None) if at == time)
    interpretation = interpret_step(step, facts, view(repositories=[REMOVED]))
    assert (interpretation.repositories, interpretation.links, interpretation.domain_events) == ((), (), ())
    assert interpretation.verdicts == (Verdict("repository", Outcome.PROCESSED, "reread_requested", LAUNCHPAD),)
    assert integration_after(interpretation) == replace(INTEGRATION, sync_requested_at=NOW)


def test_earlier_transfer_does_not_restore_a_deleted_repository() -> None:
    """The tombstone has the time of the deletion."""
    (tombstone,) = interpret_step(RepositoryStep.DELETED, replace(FACTS, updated_at=LATER)).repositories
    late = interpret_step(RepositoryStep.TRANSFERRED, replace(FACTS, updated_at=NOW), view(repositories=[tombstone]))
    assert (late.reason, late.repositories) == ("older_than_state", ())


def test_updates_the_catalog_of_a_suspended_integration() -> None:
    """GitHub still sends events."""
    archived = interpret_step(RepositoryStep.ARCHIVED, replace(FACTS, archived=True), view(SUSPENDED_BY_US))
    assert [row.archived for row in archived.repositories] == [True]
