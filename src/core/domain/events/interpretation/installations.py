"""What happens to an installation as a whole, and the one case in which a webhook may bind one."""

from datetime import datetime

from core.domain.audit.changes import Change
from core.domain.catalog.catalog import can_be_listed, catalog_row
from core.domain.events.event import Event, EventStatus, Outcome, Verdict
from core.domain.events.interpretation.view import (
    Binding,
    Interpretation,
    View,
    change,
    ignored,
    is_newer,
    is_older,
    webhook_actor,
)
from core.domain.events.provider_events import InstallationChanged, InstallationStep, Notice
from core.domain.flows.flow import PendingRequest
from core.domain.install.binding import (
    BindingTarget,
    apply_facts,
    bind,
    create_unreachable_events,
    repositories_to_remove,
)
from core.domain.integrations.domain_events import integration_event
from core.domain.integrations.integration import Integration, StatusReason
from core.domain.streams.domain_event import DomainEvent, DomainEventType


def interpret_installation(
    event: Event, notice: InstallationChanged, view: View, integration: Integration
) -> Interpretation:
    """Let an integration follow its installation's state.

    A deletion is confirmed with the provider first (`core.domain.integrations.installation_checks`): the
    signature does not cover the event's name, and a deletion ends access for good.
    """
    known_at = integration.provider_updated_at
    told_at = notice.installation.updated_at
    subject = str(integration.external_id)
    if notice.step is InstallationStep.DELETED:
        verdict = Verdict("integration", Outcome.PROCESSED, "deletion_to_confirm", subject)
        return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,), has_reported_deletion=True)
    if is_older(told_at, known_at):
        return ignored("older_than_state", subject="integration", subject_id=subject)
    after = apply_facts(integration, notice.installation)
    if not is_newer(told_at, known_at):
        after = after.sync_wanted(at=view.now)
    match notice.step:
        case InstallationStep.SUSPENDED:
            after = after.suspended(StatusReason.SUSPENDED_ON_PROVIDER, at=view.now)
            return _stepped(event, integration, after, DomainEventType.INTEGRATION_SUSPENDED, "suspended", at=told_at)
        case InstallationStep.UNSUSPENDED:
            # Nothing was delivered while it was suspended, so the catalog has to be read again.
            after = after.activated(at=view.now).sync_wanted(at=view.now)
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
                EventStatus.PROCESSED, verdicts=(verdict,), integration=change(integration, after, event)
            )


def may_bind(notice: Notice) -> bool:
    """Tell whether a notice can complete a pending request; no other webhook ever binds."""
    return (
        isinstance(notice, InstallationChanged)
        and notice.step is InstallationStep.CREATED
        and notice.requester_id is not None
    )


def answers(notice: InstallationChanged, request: PendingRequest) -> bool:
    """Tell whether a new installation is exactly what was asked for: requester and account, by their ids.

    A binding shows an organization private repositories, so this is checked whoever offers the request.
    """
    told = (notice.requester_id, notice.installation.account_id)
    return may_bind(notice) and told == (request.requester_id, request.account_id)


def bind_pending(event: Event, notice: InstallationChanged, view: View, binding: Binding) -> Interpretation:
    """Bind a new installation to the organization whose member asked for exactly it.

    The view offers a binding only where requester and account both match a pending request; the
    organization's revoked row is used again, since it has one row per provider.
    """
    if binding.existing and not binding.existing.is_revoked:
        return ignored("organization_already_connected")
    target = BindingTarget(binding.request.organization_id, event.provider, binding.existing, binding.new_id)
    after = bind(target, str(event.source_key), notice.installation, suspended_at=None, at=view.now)
    listed = tuple(
        catalog_row(facts, after.id, known)
        for facts in notice.repositories
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
            _integration_event(event, after, DomainEventType.INTEGRATION_ACTIVATED, notice.installation.updated_at),
            *lost,
        ),
    )


def _stepped(
    event: Event,
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
        integration=change(before, after, event),
        domain_events=(_integration_event(event, after, event_type, at),),
    )


def _integration_event(
    event: Event, integration: Integration, event_type: DomainEventType, at: datetime | None
) -> DomainEvent:
    return integration_event(event_type, integration, at=at or event.created_at, source_event_id=event.id)
