from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.domain_events import RecordedEvent
from core.domain.events import Event, EventNotFound
from core.domain.identifiers import EventId
from core.domain.permissions import Action
from core.use_cases.authorization import require
from ports.authorizer import Authorizer
from ports.events import EventFilter
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class EventDetails:
    """One event with what it led to; `payload` is JSON text, None once retention removed it."""

    event: Event
    domain_events: Sequence[RecordedEvent]
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class ListEvents:
    """List the ledger, newest first."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer

    async def __call__(
        self, actor: Actor, *, where: EventFilter, limit: int = 50, before: EventId | None = None
    ) -> Sequence[Event]:
        """Return at most `limit` events below `before`; raises `ActionForbidden`."""
        require(self.authorizer, actor, Action.READ)
        async with self.unit_of_work() as tx:
            return await tx.events.list(where, limit=limit, before=before)


@dataclass(frozen=True, slots=True)
class ShowEvent:
    """Show one delivery: its envelope, verdicts, attempts, facts told and payload."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(self, actor: Actor, *, provider: str, delivery_id: str) -> EventDetails:
        """Return the event whole; raises `EventNotFound` or `ActionForbidden`."""
        require(self.authorizer, actor, Action.READ_PAYLOAD)
        async with self.unit_of_work() as tx:
            event = await tx.events.find(provider, delivery_id)
            if event is None:
                raise EventNotFound("There is no delivery with this id in the ledger.")
            body = await tx.events.find_payload(event.id)
            told = await tx.domain_events.of_source(event.id)
        payload = self.protocols[provider].show(body) if body is not None else None
        return EventDetails(event, told, payload)
