from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.events.event import Event, EventNotFound
from core.domain.identifiers import EventId
from core.domain.permissions import Action
from core.domain.streams.domain_event import RecordedEvent
from core.use_cases.authorization import require
from ports.authorizer import Authorizer
from ports.events import EventFilter
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One event; `repository` is the full name in the catalog, None if the catalog does not have it."""

    event: Event
    repository: str | None


@dataclass(frozen=True, slots=True)
class EventDetails:
    """One event with its results; `payload` is JSON text, None once retention removed it."""

    event: Event
    repository: str | None
    domain_events: Sequence[RecordedEvent]
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class ListEvents:
    """List the received events of all organizations, newest first."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer

    async def __call__(
        self, actor: Actor, *, where: EventFilter, limit: int = 50, before: EventId | None = None
    ) -> Sequence[ListedEvent]:
        """Return at most `limit` events below `before`; raises `ActionForbidden`."""
        require(self.authorizer, actor, Action.READ)
        async with self.unit_of_work() as tx:
            return await _with_repositories(tx, await tx.events.list(where, limit=limit, before=before))


@dataclass(frozen=True, slots=True)
class FindDeliveries:
    """Find deliveries by the beginning of their id."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer

    async def __call__(self, actor: Actor, *, provider: str, prefix: str, limit: int) -> Sequence[Event]:
        """Return the delivery with exactly this id, or else at most `limit` whose ids begin with it.

        Raises `ActionForbidden`.
        """
        require(self.authorizer, actor, Action.READ)
        async with self.unit_of_work() as tx:
            event = await tx.events.find(provider, prefix)
            if event is not None:
                return [event]
            return await tx.events.list_by_prefix(provider, prefix, limit=limit)


@dataclass(frozen=True, slots=True)
class ShowEvent:
    """Show one delivery: its attributes, verdicts, attempts, domain events and payload."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(self, actor: Actor, *, provider: str, delivery_id: str) -> EventDetails:
        """Return the event whole; raises `EventNotFound` or `ActionForbidden`."""
        require(self.authorizer, actor, Action.READ_PAYLOAD)
        async with self.unit_of_work() as tx:
            event = await tx.events.find(provider, delivery_id)
            if event is None:
                raise EventNotFound("No webhook event has this id. Check the event id.")
            [listed] = await _with_repositories(tx, [event])
            body = await tx.events.find_payload(event.id)
            domain_events = await tx.domain_events.of_source(event.id)
        payload = self.protocols[provider].show(body) if body is not None else None
        return EventDetails(event, listed.repository, domain_events, payload)


async def _with_repositories(tx: Transaction, events: Sequence[Event]) -> Sequence[ListedEvent]:
    keys = {
        (event.integration_id, event.repo_id)
        for event in events
        if event.integration_id is not None and event.repo_id is not None
    }
    rows = await tx.repositories.find_many(keys) if keys else []
    names = {(row.integration_id, row.repo_id): row.full_name for row in rows}
    return [
        ListedEvent(
            event,
            names.get((event.integration_id, event.repo_id))
            if event.integration_id is not None and event.repo_id is not None
            else None,
        )
        for event in events
    ]
