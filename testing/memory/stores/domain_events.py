from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from datetime import datetime

from core.domain.identifiers import EventId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter
from ports.domain_events import DomainEventStore, EventPage
from testing.memory.database import Session


class MemoryDomainEventStore(DomainEventStore):
    """The outbox in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._appended: list[DomainEvent] = []

    async def append(self, events: Sequence[DomainEvent]) -> None:
        """Add facts; they become visible when the transaction commits."""
        self._appended.extend(deepcopy(list(events)))

    async def record(self) -> None:
        """Give what was appended its ids; called last before the commit, so that ids are in its order."""
        if not self._appended:
            return
        state, database = await self._session.writable(), self._session.database
        known = {_key(event) for event, _ in state.domain_events.values()}
        for event in self._appended:
            if event.source_event_id is None or _key(event) not in known:
                known.add(_key(event))
                state.domain_events[next(database.ids)] = (event, database.now())
        self._appended.clear()

    async def list_after(self, cursor: int, *, limit: int) -> Sequence[RecordedEvent]:
        """Return facts with a larger id than `cursor`, in order."""
        facts = sorted(self._session.state.domain_events.items(), key=_id)
        return self._to_recorded([fact for fact in facts if _id(fact) > cursor][:limit])

    async def get_bounds(self) -> Bounds:
        """Return which events are kept."""
        ids = self._session.state.domain_events.keys()
        return Bounds(min(ids, default=None), max(ids, default=None))

    async def list_by_organization(
        self, organization_id: OrganizationId, wanted: StreamFilter, *, after: int, limit: int
    ) -> EventPage:
        """Return an organization's events behind a cursor."""
        return self._stretch([organization_id], wanted, after, limit)

    async def list_by_organizations(
        self, organization_ids: Collection[OrganizationId], *, after: int, limit: int
    ) -> EventPage:
        """Return the events of all these organizations behind a cursor."""
        return self._stretch(organization_ids, StreamFilter(), after, limit)

    def _stretch(
        self, organization_ids: Collection[OrganizationId], wanted: StreamFilter, after: int, limit: int
    ) -> EventPage:
        facts = sorted(self._session.state.domain_events.items(), key=_id)
        own = [fact for fact in facts if fact[0] > after and fact[1][0].organization_id in organization_ids]
        events = [event for event in self._to_recorded(own) if wanted.matches(event)][:limit]
        if len(events) == limit:
            return EventPage(events, events[-1].id)
        return EventPage(events, max(after, facts[-1][0] if facts else 0))

    async def list_by_source(self, event_id: EventId) -> Sequence[RecordedEvent]:
        """Return the facts one delivery led to, in order."""
        facts = sorted(self._session.state.domain_events.items(), key=_id)
        return self._to_recorded(fact for fact in facts if fact[1][0].source_event_id == event_id)

    def _to_recorded(self, facts: Iterable[tuple[int, tuple[DomainEvent, datetime]]]) -> list[RecordedEvent]:
        state = self._session.state
        recorded = []
        for fact_id, (event, recorded_at) in facts:
            source = state.events.get(event.source_event_id) if event.source_event_id else None
            project = state.projects.get(event.project_id) if event.project_id else None
            recorded.append(
                RecordedEvent(
                    id=fact_id,
                    type=event.type,
                    version=event.version,
                    organization_id=state.organizations[event.organization_id].external_id,
                    project_id=project.external_id if project else None,
                    occurred_at=event.occurred_at,
                    recorded_at=recorded_at,
                    source_event_id=source.delivery_id if source else None,
                    data=deepcopy(event.data),
                )
            )
        return recorded


def _id(fact: tuple[int, tuple[DomainEvent, datetime]]) -> int:
    return fact[0]


def _key(event: DomainEvent) -> tuple[object, ...]:
    return event.source_event_id, event.type, event.link_id, event.repo_id
