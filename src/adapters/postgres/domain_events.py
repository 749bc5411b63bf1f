from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
from psycopg.sql import SQL

from adapters.postgres import locks
from adapters.postgres.packed_arrays import Bigints, Documents, Smallints, Texts, Timestamps
from adapters.postgres.session import Parameters, Row, Session
from core.domain.domain_events import (
    CommitsClaimedData,
    DomainEvent,
    DomainEventType,
    EventData,
    IntegrationData,
    LinkData,
    PullRequestData,
    PushData,
    RecordedEvent,
    RepositoryData,
)
from core.domain.identifiers import EventId
from ports.domain_events import DomainEventStore

_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_RECORD = """
    INSERT INTO git_domain_events (
        type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    )
    SELECT type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    FROM unnest(
        %s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::text[], %s::timestamptz[], %s::jsonb[]
    ) AS fact (
        type, version, organization_id, project_id, project_repository_id, git_integration_id,
        git_webhook_event_id, repo_id, occurred_at, data
    )
    ON CONFLICT DO NOTHING
"""
_SELECT = SQL("""
    SELECT d.id, d.type, d.version, o.external_id, p.external_id, d.occurred_at, d.recorded_at,
        e.delivery_id, d.data::text
    FROM git_domain_events AS d
    JOIN organizations AS o ON o.id = d.organization_id
    LEFT JOIN projects AS p ON p.id = d.project_id
    LEFT JOIN git_webhook_events AS e ON e.id = d.git_webhook_event_id
""")
_AFTER = SQL("{select} WHERE d.id > %s ORDER BY d.id LIMIT %s").format(select=_SELECT).as_string()
_OF_SOURCE = (
    SQL("{select} WHERE d.git_webhook_event_id = %s ORDER BY d.id").format(select=_SELECT).as_string()
)

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


class PostgresDomainEventStore(DomainEventStore):
    """The table `git_domain_events`.

    Ids are in the order of commits because whoever inserts holds one lock from before the first id is drawn
    until the commit; hence facts wait here until then, and the lock is held for one round trip.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._appended: list[DomainEvent] = []

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add facts; they become visible when the transaction commits."""
        self._appended.extend(events)

    def recording(self) -> list[tuple[str, Parameters]]:
        """Return the statements that record what was appended, to be run last before the commit."""
        if not self._appended:
            return []
        facts, self._appended = self._appended, []
        lock = (_LOCK, (locks.CLASS, locks.DOMAIN_EVENTS))
        return [lock, (_RECORD, _columns(facts))]

    async def after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return facts with a larger id than `cursor`, in order."""
        return [_recorded(row) for row in await self._session.read(_AFTER, (cursor, limit))]

    async def of_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the facts one delivery led to, in order."""
        return [_recorded(row) for row in await self._session.read(_OF_SOURCE, (event_id,))]


def _columns(facts: Sequence[DomainEvent]) -> Parameters:
    # Facts for several projects share their data, and go on sharing it.
    data = {id(fact.data): _in_utc(fact.data) for fact in facts}
    return (
        Texts([fact.type.value for fact in facts]),
        Smallints([fact.version for fact in facts]),
        Bigints([fact.organization_id for fact in facts]),
        Bigints([fact.project_id for fact in facts]),
        Bigints([fact.link_id for fact in facts]),
        Bigints([fact.integration_id for fact in facts]),
        Bigints([fact.source_event_id for fact in facts]),
        Texts([fact.repo_id for fact in facts]),
        Timestamps([fact.occurred_at for fact in facts]),
        Documents([data[id(fact.data)] for fact in facts]),
    )


def _in_utc(data: EventData) -> EventData:
    """Return the data with its times in UTC; authors' clocks tell their own zone, in commits alone."""
    if not isinstance(data, PushData) or all(_is_utc(commit.timestamp) for commit in data.commits):
        return data
    commits = tuple(
        replace(commit, timestamp=commit.timestamp.astimezone(UTC)) if commit.timestamp else commit
        for commit in data.commits
    )
    return replace(data, commits=commits)


def _is_utc(time: datetime | None) -> bool:
    return time is None or time.tzinfo is UTC


def _recorded(row: Row) -> RecordedEvent:
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
