"""Rows of `git_domain_events` (as `d`) as domain events: select `COLUMNS` with `JOINS`, call `to_recorded_event`."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.session import Row
from adapters.postgres.rows.sql import select_list
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


class _DomainEventRow(NamedTuple):
    id: int
    type: str
    version: int
    organization_id: UUID
    project_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    delivery_id: str | None
    data: str


COLUMNS = select_list(
    "d",
    _DomainEventRow._fields,
    {
        "organization_id": SQL("o.external_id"),
        "project_id": SQL("p.external_id"),
        "delivery_id": SQL("e.delivery_id"),
        "data": SQL("d.data::text"),
    },
)
WIDTH = len(_DomainEventRow._fields)
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


def to_recorded_event(row: Row) -> RecordedEvent:
    """Return the domain event of a row of `COLUMNS`."""
    values = _DomainEventRow._make(row)
    event_type = _TYPE[values.type]
    return RecordedEvent(
        id=values.id,
        type=event_type,
        version=values.version,
        organization_id=values.organization_id,
        project_id=values.project_id,
        occurred_at=values.occurred_at,
        recorded_at=values.recorded_at,
        source_event_id=values.delivery_id,
        data=_DECODER[event_type].decode(values.data),
    )
