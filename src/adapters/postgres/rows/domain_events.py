"""Rows of `git_domain_events` as events; whoever selects `COLUMNS` with `JOINS` gets them in this order."""

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.line import Row
from core.domain.streams.domain_event import (
    CommitsClaimedData,
    DomainEventType,
    EventData,
    IntegrationData,
    LinkData,
    PullRequestData,
    PushData,
    RecordedEvent,
    RepositoryData,
)

COLUMNS = SQL("""
    d.id, d.type, d.version, o.external_id, p.external_id, d.occurred_at, d.recorded_at, e.delivery_id,
    d.data::text
""")
WIDTH = 9
JOINS = SQL("""
    LEFT JOIN organizations AS o ON o.id = d.organization_id
    LEFT JOIN projects AS p ON p.id = d.project_id
    LEFT JOIN git_webhook_events AS e ON e.id = d.git_webhook_event_id
""")

_DATA: dict[DomainEventType, type[EventData]] = {
    DomainEventType.PUSH: PushData,
    DomainEventType.PULL_REQUEST: PullRequestData,
    DomainEventType.INTEGRATION_ACTIVATED: IntegrationData,
    DomainEventType.INTEGRATION_SUSPENDED: IntegrationData,
    DomainEventType.INTEGRATION_REVOKED: IntegrationData,
    DomainEventType.INTEGRATION_PERMISSIONS_CHANGED: IntegrationData,
    DomainEventType.REPOSITORY_ADDED: RepositoryData,
    DomainEventType.REPOSITORY_REMOVED: RepositoryData,
    DomainEventType.REPOSITORY_RENAMED: RepositoryData,
    DomainEventType.REPOSITORY_UPDATED: RepositoryData,
    DomainEventType.LINK_CREATED: LinkData,
    DomainEventType.LINK_REMOVED: LinkData,
    DomainEventType.LINK_UNREACHABLE: LinkData,
    DomainEventType.LINK_RESTORED: LinkData,
    DomainEventType.COMMITS_CLAIMED: CommitsClaimedData,
}
_TYPE = {event_type.value: event_type for event_type in DomainEventType}
_DECODER = {event_type: msgspec.json.Decoder(data_type) for event_type, data_type in _DATA.items()}


def recorded(row: Row) -> RecordedEvent:
    """Return a row's event."""
    event_type = _TYPE[row[1]]
    return RecordedEvent(
        id=row[0],
        type=event_type,
        version=row[2],
        organization_id=row[3],
        project_id=row[4],
        occurred_at=row[5],
        recorded_at=row[6],
        source_event_id=row[7],
        data=_DECODER[event_type].decode(row[8]),
    )
