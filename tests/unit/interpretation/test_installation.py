"""How an integration follows its installation: suspended, back, gone, with other permissions."""

from dataclasses import replace

import pytest

from core.domain.actors import SystemActor
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import Interpretation, interpret
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.provider_events import InstallationChanged, InstallationFacts, InstallationStep
from core.domain.streams.domain_event import DomainEvent, DomainEventType, IntegrationData
from tests.support.builders.domain import (
    EARLIER,
    EVENT,
    INSTALLED,
    INTEGRATION,
    LATER,
    NOW,
    ORGANIZATION,
    SUSPENDED_BY_PROVIDER,
    SUSPENDED_BY_US,
    view,
)

SILENT = InstallationFacts(None, None, None, None, None, permissions={}, updated_at=None)
GUARDED = [step for step in InstallationStep if step is not InstallationStep.DELETED]


def stepped(
    step: InstallationStep, *, facts: InstallationFacts = INSTALLED, integration: Integration = INTEGRATION
) -> Interpretation:
    """Interpret one step of an installation whose integration we know."""
    return interpret(EVENT, InstallationChanged(step, facts), view(integration))


def became(interpretation: Interpretation) -> Integration:
    """Return the integration an interpretation writes."""
    assert interpretation.integration is not None
    assert interpretation.integration.after is not None
    return interpretation.integration.after


def test_a_suspended_installation_suspends_its_integration() -> None:
    """Suspending at the provider shows here, with its reason, since when, and at whose word."""
    interpretation = stepped(InstallationStep.SUSPENDED)
    suspended = replace(SUSPENDED_BY_PROVIDER, status_changed_at=NOW, provider_updated_at=LATER, sync_requested_at=None)
    assert became(interpretation) == suspended
    assert interpretation.integration is not None
    assert interpretation.integration.by == SystemActor("webhook", EVENT.delivery_id)
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "suspended", str(INTEGRATION.external_id)),
    )
    assert interpretation.domain_events == (
        DomainEvent(
            type=DomainEventType.INTEGRATION_SUSPENDED,
            organization_id=ORGANIZATION,
            integration_id=INTEGRATION.id,
            occurred_at=LATER,
            source_event_id=EVENT.id,
            data=IntegrationData(
                INTEGRATION.external_id,
                "github",
                INTEGRATION.provider_id,
                "acme-rockets",
                "suspended",
                "suspended_on_provider",
                {"contents": "read", "metadata": "read"},
            ),
        ),
    )


@pytest.mark.parametrize("suspended", [SUSPENDED_BY_PROVIDER, SUSPENDED_BY_US], ids=["by provider", "by us"])
def test_an_unsuspended_installation_is_active_and_read_again(suspended: Integration) -> None:
    """Nothing was delivered meanwhile, so the catalog is read again even though the fact is newer."""
    interpretation = stepped(InstallationStep.UNSUSPENDED, integration=suspended)
    active = became(interpretation)
    assert (active.status, active.status_reason) == (IntegrationStatus.ACTIVE, None)
    assert (active.status_changed_at, active.sync_requested_at) == (NOW, NOW)
    assert [fact.type for fact in interpretation.domain_events] == [DomainEventType.INTEGRATION_ACTIVATED]


def test_a_suspension_at_the_provider_explains_one_of_ours() -> None:
    """What the provider says replaces what we guessed from a refused token."""
    assert became(stepped(InstallationStep.SUSPENDED, integration=SUSPENDED_BY_US)).status_reason is (
        StatusReason.SUSPENDED_ON_PROVIDER
    )


def test_accepted_permissions_are_read_again() -> None:
    """New permissions replace the old ones and are told."""
    granted = {"contents": "read", "metadata": "read", "pull_requests": "read"}
    interpretation = stepped(InstallationStep.PERMISSIONS_ACCEPTED, facts=replace(INSTALLED, permissions=granted))
    assert became(interpretation).permissions == granted
    (fact,) = interpretation.domain_events
    assert fact.type is DomainEventType.INTEGRATION_PERMISSIONS_CHANGED
    assert isinstance(fact.data, IntegrationData)
    assert fact.data.permissions == granted


def test_creating_a_known_installation_brings_its_facts_only() -> None:
    """The browser may have bound it before the webhook came: facts are taken, nothing is told twice."""
    facts = replace(INSTALLED, repository_selection="all")
    interpretation = stepped(InstallationStep.CREATED, facts=facts)
    assert became(interpretation) == replace(INTEGRATION, repository_selection="all", provider_updated_at=LATER)
    assert [verdict.reason for verdict in interpretation.verdicts] == ["already_bound"]
    assert interpretation.domain_events == ()


def test_creating_does_not_lift_a_suspension() -> None:
    """Only `unsuspend` does: a late `created` is no proof that it works again."""
    assert became(stepped(InstallationStep.CREATED, integration=SUSPENDED_BY_PROVIDER)).status is (
        IntegrationStatus.SUSPENDED
    )


@pytest.mark.parametrize("step", GUARDED, ids=lambda step: step.value)
def test_an_older_fact_is_skipped(step: InstallationStep) -> None:
    """Deliveries come in any order; what happened before what we know is not applied."""
    skipped = stepped(step, facts=replace(INSTALLED, updated_at=EARLIER))
    assert (skipped.status, skipped.reason) == (EventStatus.IGNORED, "older_than_state")
    assert (skipped.integration, skipped.domain_events) == (None, ())
    assert skipped.verdicts[0].subject_id == str(INTEGRATION.external_id)


@pytest.mark.parametrize("step", GUARDED, ids=lambda step: step.value)
@pytest.mark.parametrize("time", [NOW, None], ids=["equal", "missing"])
def test_a_fact_of_unknown_order_applies_and_asks_for_a_reread(step: InstallationStep, time: object) -> None:
    """Times have whole seconds and may be missing: such a fact applies, and the provider is asked."""
    assert time is None or time == INTEGRATION.provider_updated_at
    applied = became(stepped(step, facts=replace(INSTALLED, updated_at=NOW if time else None)))
    assert (applied.sync_requested_at, applied.provider_updated_at) == (NOW, NOW)


@pytest.mark.parametrize(
    "step", [InstallationStep.SUSPENDED, InstallationStep.PERMISSIONS_ACCEPTED], ids=lambda step: step.value
)
def test_a_newer_fact_needs_no_reread(step: InstallationStep) -> None:
    """A surely newer fact is the state."""
    assert became(stepped(step)).sync_requested_at is None
    unknown_before = replace(INTEGRATION, provider_updated_at=None)
    assert became(stepped(step, integration=unknown_before)).sync_requested_at is None


def test_a_standing_request_for_a_sync_is_kept() -> None:
    """One sync answers all requests, and the first one says since when it is awaited."""
    waiting = replace(SUSPENDED_BY_PROVIDER, sync_requested_at=EARLIER)
    assert became(stepped(InstallationStep.UNSUSPENDED, integration=waiting)).sync_requested_at == EARLIER


@pytest.mark.parametrize("time", [EARLIER, NOW, LATER, None], ids=["older", "equal", "newer", "missing"])
@pytest.mark.parametrize("known", [INTEGRATION, SUSPENDED_BY_US], ids=["active", "suspended"])
def test_a_deletion_is_to_be_confirmed(time: object, known: Integration) -> None:
    """Whatever its time: the name of an event is not signed, so the provider is asked first."""
    facts = next(replace(INSTALLED, updated_at=at) for at in (EARLIER, NOW, LATER, None) if at == time)
    interpretation = stepped(InstallationStep.DELETED, facts=facts, integration=known)
    assert interpretation.has_reported_deletion
    assert (interpretation.integration, interpretation.domain_events) == (None, ())
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "deletion_to_confirm", str(known.external_id)),
    )
    assert (interpretation.links, interpretation.repositories) == ((), ())


def test_what_a_payload_does_not_say_stays_as_it_was() -> None:
    """Old servers leave out nearly everything; silence takes nothing away."""
    interpretation = stepped(InstallationStep.SUSPENDED, facts=SILENT)
    assert became(interpretation) == replace(SUSPENDED_BY_PROVIDER, status_changed_at=NOW, sync_requested_at=NOW)
    assert interpretation.domain_events[0].occurred_at == NOW


def test_without_any_provider_time_it_happened_when_it_was_received() -> None:
    """The time of receipt stands in where neither payload nor state has one."""
    timeless = replace(INTEGRATION, provider_updated_at=None)
    interpretation = stepped(InstallationStep.SUSPENDED, facts=SILENT, integration=timeless)
    assert interpretation.domain_events[0].occurred_at == EVENT.created_at


def test_a_repeated_suspension_changes_nothing_but_the_request() -> None:
    """Told twice, it stays suspended since the first time."""
    since = replace(SUSPENDED_BY_PROVIDER, status_changed_at=EARLIER)
    again = became(stepped(InstallationStep.SUSPENDED, facts=replace(INSTALLED, updated_at=NOW), integration=since))
    assert again == replace(since, sync_requested_at=NOW)
