"""What happens to an installation as a whole, and the one case in which a webhook may bind one."""

from datetime import datetime

from core.domain.audit import Change
from core.domain.catalog.catalog import build_catalog_row, can_be_listed
from core.domain.events.event import EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.events.interpretation.view import (
    BindingOption,
    Interpretation,
    View,
    build_change,
    ignore,
    webhook_actor,
)
from core.domain.flows.flow import PendingRequest
from core.domain.install.binding import (
    BindingTarget,
    apply_facts,
    bind,
    create_unreachable_events,
    repositories_to_remove,
)
from core.domain.integrations.integration import Integration, StatusReason, build_integration_event
from core.domain.provider_events import InstallationChanged, InstallationStep, ProviderEvent, is_newer, is_older
from core.domain.streams.domain_event import DomainEvent, DomainEventType


def interpret_installation(
    event: WebhookEvent, provider_event: InstallationChanged, view: View, integration: Integration
) -> Interpretation:
    """Let an integration follow its installation's state.

    A deletion is confirmed with the provider first (`core.domain.integrations.installation_checks`): the
    signature does not cover the event's name, and a deletion ends access for good.
    """
    known_at = integration.provider_updated_at
    told_at = provider_event.installation.updated_at
    subject = str(integration.external_id)
    if provider_event.step is InstallationStep.DELETED:
        verdict = Verdict("integration", Outcome.PROCESSED, "deletion_to_confirm", subject)
        return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,), has_reported_deletion=True)
    if is_older(told_at, known_at):
        return ignore("older_than_state", subject="integration", subject_id=subject)
    after = apply_facts(integration, provider_event.installation)
    if not is_newer(told_at, known_at):
        after = after.request_sync(at=view.now)
    match provider_event.step:
        case InstallationStep.SUSPENDED:
            after = after.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=view.now)
            return _stepped(event, integration, after, DomainEventType.INTEGRATION_SUSPENDED, "suspended", at=told_at)
        case InstallationStep.UNSUSPENDED:
            # Nothing was delivered while it was suspended, so the catalog has to be read again.
            after = after.activate(at=view.now).request_sync(at=view.now)
            return _stepped(event, integration, after, DomainEventType.INTEGRATION_ACTIVATED, "activated", at=told_at)
        case InstallationStep.PERMISSIONS_ACCEPTED:
            return _stepped(
                event,
                integration,
                after,
                DomainEventType.INTEGRATION_PERMISSIONS_CHANGED,
                "permissions_changed",
                at=told_at,
            )
        case InstallationStep.CREATED:
            verdict = Verdict("integration", Outcome.PROCESSED, "already_bound", subject)
            return Interpretation(
                EventStatus.PROCESSED, verdicts=(verdict,), integration=build_change(integration, after, event)
            )


def can_bind(provider_event: ProviderEvent) -> bool:
    """Tell whether a notice can complete a pending request; no other webhook ever binds."""
    return (
        isinstance(provider_event, InstallationChanged)
        and provider_event.step is InstallationStep.CREATED
        and provider_event.requester_id is not None
    )


def matches_request(provider_event: InstallationChanged, request: PendingRequest) -> bool:
    """Tell whether a new installation is exactly what was asked for: requester and account, by their ids.

    A binding shows an organization private repositories, so this is checked whoever offers the request.
    """
    told = (provider_event.requester_id, provider_event.installation.account_id)
    return can_bind(provider_event) and told == (request.requester_id, request.account_id)


def bind_pending(
    event: WebhookEvent, provider_event: InstallationChanged, view: View, binding: BindingOption
) -> Interpretation:
    """Bind a new installation to the organization whose member asked for exactly it.

    The view offers a binding only where requester and account both match a pending request; the
    organization's revoked row is used again, since it has one row per provider.
    """
    if binding.existing and not binding.existing.is_revoked:
        return ignore("organization_already_connected")
    target = BindingTarget(binding.request.organization_id, event.provider, binding.existing, binding.new_id)
    after = bind(target, str(event.source_key), provider_event.installation, suspended_at=None, at=view.now)
    listed = tuple(
        build_catalog_row(facts, after.id, known)
        for facts in provider_event.repositories
        if can_be_listed(facts, known := view.repositories.get(facts.repo_id))
    )
    kept = {row.repo_id for row in listed}
    others = (row for row in view.repositories.values() if row.repo_id not in kept)
    gone = repositories_to_remove(target, after, others, at=view.now)
    verdict = Verdict("integration", Outcome.PROCESSED, "bound_to_pending_request", str(after.external_id))
    lost = create_unreachable_events(view.links, gone, at=view.now, source=event.id)
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=(verdict,),
        integration=Change(binding.existing, after, webhook_actor(event)),
        repositories=listed + gone,
        completed_request=binding.request,
        domain_events=(
            _integration_event(
                event, after, DomainEventType.INTEGRATION_ACTIVATED, provider_event.installation.updated_at
            ),
            *lost,
        ),
    )


def _stepped(
    event: WebhookEvent,
    before: Integration,
    after: Integration,
    event_type: DomainEventType,
    reason: str,
    *,
    at: datetime | None,
) -> Interpretation:
    verdict = Verdict("integration", Outcome.PROCESSED, reason, str(before.external_id))
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=(verdict,),
        integration=build_change(before, after, event),
        domain_events=(_integration_event(event, after, event_type, at),),
    )


def _integration_event(
    event: WebhookEvent, integration: Integration, event_type: DomainEventType, at: datetime | None
) -> DomainEvent:
    return build_integration_event(event_type, integration, at=at or event.created_at, source_event_id=event.id)
