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


def interpret_step(
    step: InstallationStep, *, facts: InstallationFacts = INSTALLED, integration: Integration = INTEGRATION
) -> Interpretation:
    """Interpret one step of an installation whose integration we know."""
    return interpret(EVENT, InstallationChanged(step, facts), view(integration))


def became(interpretation: Interpretation) -> Integration:
    """Return the integration an interpretation writes."""
    assert interpretation.integration is not None
    assert interpretation.integration.after is not None
    return interpretation.integration.after


def test_suspends_the_integration() -> None:
    """With the reason, the time, and the source."""
    interpretation = interpret_step(InstallationStep.SUSPENDED)
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
def test_unsuspends_and_requests_a_sync(suspended: Integration) -> None:
    """No events were delivered meanwhile."""
    interpretation = interpret_step(InstallationStep.UNSUSPENDED, integration=suspended)
    active = became(interpretation)
    assert (active.status, active.status_reason) == (IntegrationStatus.ACTIVE, None)
    assert (active.status_changed_at, active.sync_requested_at) == (NOW, NOW)
    assert [fact.type for fact in interpretation.domain_events] == [DomainEventType.INTEGRATION_ACTIVATED]


def test_suspension_at_the_provider_replaces_the_reason() -> None:
    """The service had guessed it from a rejected token."""
    assert became(interpret_step(InstallationStep.SUSPENDED, integration=SUSPENDED_BY_US)).status_reason is (
        StatusReason.SUSPENDED_ON_PROVIDER
    )


def test_updates_accepted_permissions() -> None:
    """They replace the former ones, and an event is published."""
    granted = {"contents": "read", "metadata": "read", "pull_requests": "read"}
    interpretation = interpret_step(
        InstallationStep.PERMISSIONS_ACCEPTED, facts=replace(INSTALLED, permissions=granted)
    )
    assert became(interpretation).permissions == granted
    (fact,) = interpretation.domain_events
    assert fact.type is DomainEventType.INTEGRATION_PERMISSIONS_CHANGED
    assert isinstance(fact.data, IntegrationData)
    assert fact.data.permissions == granted


def test_created_event_of_a_known_installation_updates_fields() -> None:
    """The browser may have connected it before the webhook: no event is published twice."""
    facts = replace(INSTALLED, repository_selection="all")
    interpretation = interpret_step(InstallationStep.CREATED, facts=facts)
    assert became(interpretation) == replace(INTEGRATION, repository_selection="all", provider_updated_at=LATER)
    assert [verdict.reason for verdict in interpretation.verdicts] == ["already_bound"]
    assert interpretation.domain_events == ()


def test_created_event_does_not_unsuspend() -> None:
    """Only `unsuspend` does: a late `created` proves nothing."""
    assert became(interpret_step(InstallationStep.CREATED, integration=SUSPENDED_BY_PROVIDER)).status is (
        IntegrationStatus.SUSPENDED
    )


@pytest.mark.parametrize("step", GUARDED, ids=lambda step: step.value)
def test_skips_an_older_event(step: InstallationStep) -> None:
    """Deliveries arrive in any order."""
    skipped = interpret_step(step, facts=replace(INSTALLED, updated_at=EARLIER))
    assert (skipped.status, skipped.reason) == (EventStatus.IGNORED, "older_than_state")
    assert (skipped.integration, skipped.domain_events) == (None, ())
    assert skipped.verdicts[0].subject_id == str(INTEGRATION.external_id)


@pytest.mark.parametrize("step", GUARDED, ids=lambda step: step.value)
@pytest.mark.parametrize("time", [NOW, None], ids=["equal", "missing"])
def test_applies_an_event_of_unknown_order_and_requests_a_sync(step: InstallationStep, time: object) -> None:
    """Times have whole seconds and may be missing."""
    assert time is None or time == INTEGRATION.provider_updated_at
    applied = became(interpret_step(step, facts=replace(INSTALLED, updated_at=NOW if time else None)))
    assert (applied.sync_requested_at, applied.provider_updated_at) == (NOW, NOW)


@pytest.mark.parametrize(
    "step", [InstallationStep.SUSPENDED, InstallationStep.PERMISSIONS_ACCEPTED], ids=lambda step: step.value
)
def test_newer_event_needs_no_sync(step: InstallationStep) -> None:
    assert became(interpret_step(step)).sync_requested_at is None
    unknown_before = replace(INTEGRATION, provider_updated_at=None)
    assert became(interpret_step(step, integration=unknown_before)).sync_requested_at is None


def test_keeps_an_open_request_for_a_sync() -> None:
    """One sync answers all requests, and the first one has the time."""
    waiting = replace(SUSPENDED_BY_PROVIDER, sync_requested_at=EARLIER)
    assert became(interpret_step(InstallationStep.UNSUSPENDED, integration=waiting)).sync_requested_at == EARLIER


@pytest.mark.parametrize("time", [EARLIER, NOW, LATER, None], ids=["older", "equal", "newer", "missing"])
@pytest.mark.parametrize("known", [INTEGRATION, SUSPENDED_BY_US], ids=["active", "suspended"])
def test_confirms_a_deletion(time: object, known: Integration) -> None:
    """At any time: the event name is not signed, so the provider is asked first."""
    facts = next(replace(INSTALLED, updated_at=at) for at in (EARLIER, NOW, LATER, None) if at == time)
    interpretation = interpret_step(InstallationStep.DELETED, facts=facts, integration=known)
    assert interpretation.has_reported_deletion
    assert (interpretation.integration, interpretation.domain_events) == (None, ())
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "deletion_to_confirm", str(known.external_id)),
    )
    assert (interpretation.links, interpretation.repositories) == ((), ())


def test_missing_fields_stay_unchanged() -> None:
    """Old servers omit nearly all of them."""
    interpretation = interpret_step(InstallationStep.SUSPENDED, facts=SILENT)
    assert became(interpretation) == replace(SUSPENDED_BY_PROVIDER, status_changed_at=NOW, sync_requested_at=NOW)
    assert interpretation.domain_events[0].occurred_at == NOW


def test_uses_the_time_of_receipt_without_a_provider_time() -> None:
    timeless = replace(INTEGRATION, provider_updated_at=None)
    interpretation = interpret_step(InstallationStep.SUSPENDED, facts=SILENT, integration=timeless)
    assert interpretation.domain_events[0].occurred_at == EVENT.created_at


def test_repeated_suspension_keeps_its_time() -> None:
    """Only a sync is requested."""
    since = replace(SUSPENDED_BY_PROVIDER, status_changed_at=EARLIER)
    again = became(
        interpret_step(InstallationStep.SUSPENDED, facts=replace(INSTALLED, updated_at=NOW), integration=since)
    )
    assert again == replace(since, sync_requested_at=NOW)
