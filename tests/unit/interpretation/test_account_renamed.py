"""An account takes a new login, and every name below it follows."""

from dataclasses import replace

from core.domain.audit import Change
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.provider_events import AccountRenamed
from core.domain.streams.domain_event import DomainEventType, RepositoryData
from tests.support.builders.domain import (
    ACCOUNT,
    EARLIER,
    EVENT,
    GUIDANCE,
    INTEGRATION,
    LAUNCHPAD,
    LINK,
    NOW,
    REPOSITORY,
    TELEMETRY,
    view,
)

RENAMED = AccountRenamed(ACCOUNT, "acme-aero", "https://github.com/acme-aero")
GUIDANCE_ROW = replace(REPOSITORY, repo_id=GUIDANCE, full_name="acme-rockets/guidance", url=None)
AFTER = replace(
    INTEGRATION, provider_name="acme-aero", provider_url="https://github.com/acme-aero", sync_requested_at=NOW
)


def test_updates_the_name_and_url_of_the_account() -> None:
    """The integration keeps its account id and requests a sync."""
    interpretation = interpret(EVENT, RENAMED, view(repositories=[]))
    assert interpretation.integration == Change(INTEGRATION, AFTER, webhook_actor(EVENT))
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "account_renamed", str(INTEGRATION.external_id)),
    )
    assert interpretation.domain_events == ()


def test_renames_every_repository_of_the_account() -> None:
    """Catalog rows and links get the new owner; events are published for linked ones."""
    interpretation = interpret(EVENT, RENAMED, view(repositories=[REPOSITORY, GUIDANCE_ROW]))
    pad = replace(REPOSITORY, full_name="acme-aero/launchpad", url="https://github.com/acme-aero/launchpad")
    assert interpretation.repositories == (pad, replace(GUIDANCE_ROW, full_name="acme-aero/guidance"))
    assert [step.after for step in interpretation.links] == [
        replace(
            LINK,
            repo_full_name="acme-aero/launchpad",
            repo_url="https://github.com/acme-aero/launchpad",
            previous_full_name="acme-rockets/launchpad",
        )
    ]
    (fact,) = interpretation.domain_events
    assert isinstance(fact.data, RepositoryData)
    assert (fact.type, fact.repo_id) == (DomainEventType.REPOSITORY_RENAMED, LAUNCHPAD)
    assert (fact.data.full_name, fact.data.previous_full_name) == ("acme-aero/launchpad", "acme-rockets/launchpad")


def test_repositories_of_another_owner_keep_their_names() -> None:
    """A repository may have been transferred or renamed before."""
    other = replace(REPOSITORY, repo_id=TELEMETRY, full_name="sporter/telemetry")
    interpretation = interpret(EVENT, RENAMED, view(repositories=[other], links=()))
    assert interpretation.repositories == ()


def test_keeps_urls_of_another_form() -> None:
    """If a URL does not end with the full name, the sync corrects it."""
    odd = replace(REPOSITORY, url="https://git.example/r/1")
    interpretation = interpret(EVENT, RENAMED, view(repositories=[odd]))
    assert [row.url for row in interpretation.repositories] == ["https://git.example/r/1"]


def test_rename_to_the_present_name_changes_nothing() -> None:
    """The browser or a sync was faster."""
    interpretation = interpret(EVENT, replace(RENAMED, login="acme-rockets", url=None), view())
    assert (interpretation.repositories, interpretation.links, interpretation.domain_events) == ((), (), ())
    assert interpretation.status is EventStatus.PROCESSED


def test_skips_an_older_rename() -> None:
    """An account renamed twice keeps the newer login; a sync is requested, since clocks differ."""
    skipped = interpret(EVENT, replace(RENAMED, updated_at=EARLIER), view())
    assert (skipped.status, skipped.reason) == (EventStatus.IGNORED, "older_than_state")
    assert skipped.repositories == ()
    assert skipped.integration is not None
    assert skipped.integration.after == INTEGRATION.request_sync(at=view().now)


def test_renames_a_removed_repository() -> None:
    """It stays removed, and has the right name if it returns."""
    removed = replace(REPOSITORY, removed_at=EARLIER)
    (row,) = interpret(EVENT, RENAMED, view(repositories=[removed])).repositories
    assert (row.full_name, row.removed_at) == ("acme-aero/launchpad", EARLIER)
