from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from psycopg.sql import SQL

from adapters.postgres.connection import locks
from adapters.postgres.connection.packed_arrays import Bigints, Documents, Smallints, Texts, Timestamps
from adapters.postgres.connection.session import Parameters, Session
from adapters.postgres.queries import domain_event_log
from adapters.postgres.rows.domain_events import COLUMNS, JOINS, recorded
from core.domain.identifiers import EventId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, EventData, PushData, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter
from ports.domain_events import DomainEventStore, EventPage

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
_SELECT = SQL("SELECT {columns} FROM git_domain_events AS d {joins}").format(columns=COLUMNS, joins=JOINS)
_AFTER = SQL("{select} WHERE d.id > %s ORDER BY d.id LIMIT %s").format(select=_SELECT).as_string()
_OF_SOURCE = SQL("{select} WHERE d.git_webhook_event_id = %s ORDER BY d.id").format(select=_SELECT).as_string()


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

    async def list_after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return facts with a larger id than `cursor`, in order."""
        return [recorded(row) for row in await self._session.read(_AFTER, (cursor, limit))]

    async def get_bounds(self) -> Bounds:
        """Return which events are kept."""
        return await domain_event_log.bounds(self._session)

    async def list_by_organization(
        self, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
    ) -> EventPage:
        """Return an organization's events behind a cursor, at most `limit` of those wanted."""
        return await domain_event_log.of_organization(self._session, organization_id, wanted, after=after, limit=limit)

    async def list_by_organizations(
        self, organization_ids: Collection[OrganizationId], *, after: int, limit: int
    ) -> EventPage:
        """Return the events of all these organizations behind a cursor, at most `limit`."""
        return await domain_event_log.of_organizations(self._session, organization_ids, after=after, limit=limit)

    async def list_by_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the facts one delivery led to, in order."""
        return [recorded(row) for row in await self._session.read(_OF_SOURCE, (event_id,))]


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
