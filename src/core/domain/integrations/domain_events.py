from datetime import datetime

from core.domain.identifiers import EventId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.streams.domain_event import DomainEvent, DomainEventType, IntegrationData

_OF_STATUS = {
    IntegrationStatus.ACTIVE: DomainEventType.INTEGRATION_ACTIVATED,
    IntegrationStatus.SUSPENDED: DomainEventType.INTEGRATION_SUSPENDED,
    IntegrationStatus.REVOKED: DomainEventType.INTEGRATION_REVOKED,
}


def build_status_event(integration: Integration, *, at: datetime) -> DomainEvent:
    """Return what consumers are told of an integration that has come to its status."""
    return build_integration_event(_OF_STATUS[integration.status], integration, at=at)


def build_integration_event(
    event_type: DomainEventType, integration: Integration, *, at: datetime, source_event_id: EventId | None = None
) -> DomainEvent:
    """Return what consumers are told of an integration as it is now."""
    return DomainEvent(
        type=event_type,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        occurred_at=at,
        source_event_id=source_event_id,
        data=IntegrationData(
            integration_id=integration.external_id,
            provider=integration.provider,
            provider_id=integration.provider_id,
            account=integration.provider_name,
            status=integration.status.value,
            reason=integration.status_reason.value if integration.status_reason else None,
            permissions=dict(integration.permissions),
        ),
    )
