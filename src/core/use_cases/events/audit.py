"""The versions of retries and of payload views: who did it, and when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.domain.actors import Actor
from core.domain.audit import AuditEntry
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.identifiers import OrganizationId
from core.domain.organizations import Organization
from ports.events import EventFilter
from ports.unit_of_work import Transaction

VIEW_INTERVAL = timedelta(hours=1)
"""An actor who reads the payload of an event again within this time leaves no further version."""

_ALL_ORGANIZATIONS = "all"


async def record_view(
    tx: Transaction, actor: Actor, event: WebhookEvent, organization: Organization | None, *, now: datetime
) -> None:
    """Store a version of a view of the event's payload, at most one per actor and hour."""
    organization_id = await _find_organization(tx, event, organization)
    entry = AuditEntry("webhook_event_payload", event.delivery_id, "viewed", actor, organization_id, event.provider)
    await tx.versions.record(entry, unless_since=now - VIEW_INTERVAL)


async def record_retry(tx: Transaction, actor: Actor, event: WebhookEvent, organization: Organization | None) -> None:
    """Store a version of the retry of one event."""
    organization_id = await _find_organization(tx, event, organization)
    changes = {"status": [event.status.value, EventStatus.PENDING.value]}
    entry = AuditEntry("webhook_event", event.delivery_id, "retried", actor, organization_id, event.provider, changes)
    await tx.versions.record(entry)


async def record_retries(
    tx: Transaction, actor: Actor, where: EventFilter, organization: Organization | None, *, count: int
) -> None:
    """Store one version of the retry of several events, with their number and the filter."""
    selected = {
        "status": where.status.value if where.status else None,
        "event_type": where.event_type,
        "project": str(where.project_id) if where.project_id else None,
        "since": where.since.isoformat() if where.since else None,
    }
    changes: Mapping[str, list[Any]] = {
        "retried": [None, count],
        **{name: [None, value] for name, value in selected.items() if value is not None},
    }
    item_id = str(organization.external_id) if organization else _ALL_ORGANIZATIONS
    organization_id = organization.id if organization else None
    entry = AuditEntry("webhook_events", item_id, "retried", actor, organization_id, where.provider, changes)
    await tx.versions.record(entry)


async def _find_organization(
    tx: Transaction, event: WebhookEvent, organization: Organization | None
) -> OrganizationId | None:
    """Return the organization whose audit trail has the version: for an operator, that of the event."""
    if organization is not None:
        return organization.id
    if event.source_key is None:
        return None
    integrations = await tx.integrations.list_by_installations(event.provider, [event.source_key])
    return next((owner.organization_id for owner in integrations if owner.id == event.integration_id), None)
