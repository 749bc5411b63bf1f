"""Changes of an installation as a whole, and the only case in which a webhook binds one."""

from dataclasses import replace
from datetime import datetime

from core.domain.audit import Change
from core.domain.catalog.catalog import build_catalog_row, can_be_listed
from core.domain.events.event import WebhookEvent
from core.domain.events.interpretation.view import (
    BindingOption,
    Interpretation,
    View,
    build_change,
    to_ignored,
    to_processed,
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
    """Apply the state of an installation to its integration.

    A deletion is confirmed with the provider first (`core.domain.integrations.installation_checks`): the signature
    does not cover the event's name, and a deletion ends access permanently.
    """
    stored_at = integration.provider_updated_at
    updated_at = provider_event.installation.updated_at
    subject = str(integration.external_id)
    if provider_event.step is InstallationStep.DELETED:
        return replace(to_processed("integration", subject, "deletion_to_confirm"), has_reported_deletion=True)
    if is_older(updated_at, stored_at):
        return to_ignored("older_than_state", subject="integration", subject_id=subject)
    after = apply_facts(integration, provider_event.installation)
    if not is_newer(updated_at, stored_at):
        after = after.request_sync(at=view.now)
    match provider_event.step:
        case InstallationStep.SUSPENDED:
            after = after.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=view.now)
            return _change_integration(
                event, integration, after, DomainEventType.INTEGRATION_SUSPENDED, "suspended", at=updated_at
            )
        case InstallationStep.UNSUSPENDED:
            # Nothing was delivered during the suspension, so a catalog sync is needed.
            after = after.activate(at=view.now).request_sync(at=view.now)
            return _change_integration(
                event, integration, after, DomainEventType.INTEGRATION_ACTIVATED, "activated", at=updated_at
            )
        case InstallationStep.PERMISSIONS_ACCEPTED:
            return _change_integration(
                event,
                integration,
                after,
                DomainEventType.INTEGRATION_PERMISSIONS_CHANGED,
                "permissions_changed",
                at=updated_at,
            )
        case InstallationStep.CREATED:
            step = build_change(integration, after, event)
            return replace(to_processed("integration", subject, "already_bound"), integration=step)


def can_bind(provider_event: ProviderEvent) -> bool:
    """Return whether a provider event can complete a pending request; no other webhook ever binds."""
    return (
        isinstance(provider_event, InstallationChanged)
        and provider_event.step is InstallationStep.CREATED
        and provider_event.requester_id is not None
    )


def matches_request(provider_event: InstallationChanged, request: PendingRequest) -> bool:
    """Return whether a new installation has exactly the requester and the account of a request, by their ids.

    A binding shows private repositories to an organization, so this is checked again for every request.
    """
    ids = (provider_event.requester_id, provider_event.installation.account_id)
    return can_bind(provider_event) and ids == (request.requester_id, request.account_id)


def bind_pending(
    event: WebhookEvent, provider_event: InstallationChanged, view: View, binding: BindingOption
) -> Interpretation:
    """Bind a new installation to the organization whose member requested exactly this installation.

    The view has a binding only if requester and account match a pending request. A revoked integration of the
    organization is used again, because an organization has one integration per provider.
    """
    if binding.existing and not binding.existing.is_revoked:
        return to_ignored("organization_already_connected")
    target = BindingTarget(binding.request.organization_id, event.provider, binding.existing, binding.new_id)
    after = bind(target, str(event.source_key), provider_event.installation, suspended_at=None, at=view.now)
    listed = tuple(
        build_catalog_row(facts, after.id, stored)
        for facts in provider_event.repositories
        if can_be_listed(facts, stored := view.repositories.get(facts.repo_id))
    )
    listed_ids = {row.repo_id for row in listed}
    others = (row for row in view.repositories.values() if row.repo_id not in listed_ids)
    removed_rows = repositories_to_remove(target, after, others, at=view.now)
    unreachable = create_unreachable_events(view.links, removed_rows, at=view.now, source=event.id)
    return replace(
        to_processed("integration", str(after.external_id), "bound_to_pending_request"),
        integration=Change(binding.existing, after, webhook_actor(event)),
        repositories=listed + removed_rows,
        completed_request=binding.request,
        domain_events=(
            _integration_event(
                event, after, DomainEventType.INTEGRATION_ACTIVATED, provider_event.installation.updated_at
            ),
            *unreachable,
        ),
    )


def _change_integration(
    event: WebhookEvent,
    before: Integration,
    after: Integration,
    event_type: DomainEventType,
    reason: str,
    *,
    at: datetime | None,
) -> Interpretation:
    return replace(
        to_processed("integration", str(before.external_id), reason),
        integration=build_change(before, after, event),
        domain_events=(_integration_event(event, after, event_type, at),),
    )


def _integration_event(
    event: WebhookEvent, integration: Integration, event_type: DomainEventType, at: datetime | None
) -> DomainEvent:
    return build_integration_event(event_type, integration, at=at or event.created_at, source_event_id=event.id)
