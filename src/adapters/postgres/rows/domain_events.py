"""Rows of `git_domain_events` (as `d`) with `JOINS`."""

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.session import Row
from adapters.postgres.rows.mapping import Column, RowMapping
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

EVENTS = RowMapping(
    RecordedEvent,
    "d",
    {
        "organization_id": Column(expression=SQL("o.external_id")),
        "project_id": Column(expression=SQL("p.external_id")),
        "source_event_id": Column(expression=SQL("e.delivery_id")),
        "data": Column(expression=SQL("d.data::text")),
    },
)
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
_DECODER = {event_type.value: msgspec.json.Decoder(data_type) for event_type, data_type in _DATA.items()}


def to_recorded_event(row: Row) -> RecordedEvent:
    """Return the domain event of a row of `EVENTS`, whose last column is the text of the data."""
    *values, text = row
    _, event_type, *_ = values
    return EVENTS.to_domain((*values, _DECODER[event_type].decode(text)))
