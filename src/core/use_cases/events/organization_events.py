from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.event import Event, EventNotFound, PayloadDamaged, PayloadExpired
from core.domain.identifiers import EventId
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import allowed_in, require_in
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.events import EventFilter
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events; `next` is where the following page begins."""

    events: Sequence[Event]
    next: EventId | None


class PayloadAbsence(Enum):
    """Why the payload is not available."""

    NOT_PERMITTED = "not_permitted"
    EXPIRED = "expired"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class EventShown:
    """One event, with its payload as JSON text or the reason why there is none."""

    event: Event
    payload: bytes | None
    absence: PayloadAbsence | None


@dataclass(frozen=True, slots=True)
class ListOrganizationEvents:
    """List what was received for an organization, newest first."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        where: EventFilter,
        limit: int = 50,
        before: EventId | None = None,
    ) -> EventPage:
        """Return at most `limit` events below `before`, whatever organization `where` names.

        Raises `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        if where.provider is not None:
            require_supported(where.provider, self.protocols)
        asked = replace(where, organization_id=organization.id)
        async with self.unit_of_work() as tx:
            found = await tx.events.list(asked, limit=limit + 1, before=before)
        page = found[:limit]
        return EventPage(page, page[-1].id if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class ShowOrganizationEvent:
    """Show one delivery: its envelope, verdicts and attempts; the payload to those who may see it."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(self, actor: Actor, *, organization_id: UUID, delivery_id: str) -> EventShown:
        """Return the event; raises `EventNotFound`, `OrganizationNotFound` or `ActionForbidden`."""
        organization, allowed = await allowed_in(
            self.directory,
            self.authorizer,
            actor,
            Action.READ,
            organization_id,
            besides=[Action.READ_PAYLOAD],
        )
        async with self.unit_of_work() as tx:
            event = await get_event(tx, organization, delivery_id)
            if Action.READ_PAYLOAD not in allowed:
                return EventShown(event, None, PayloadAbsence.NOT_PERMITTED)
            try:
                body = await tx.events.find_payload(event.id)
            except PayloadDamaged:
                return EventShown(event, None, PayloadAbsence.DAMAGED)
        if body is None:
            return EventShown(event, None, PayloadAbsence.EXPIRED)
        return EventShown(event, self.protocols[event.provider].show(body), None)


@dataclass(frozen=True, slots=True)
class ShowOrganizationPayload:
    """Show what the provider sent, to those who may see it."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(self, actor: Actor, *, organization_id: UUID, delivery_id: str) -> bytes:
        """Return it as JSON text.

        Raises `EventNotFound`, `PayloadExpired`, `PayloadDamaged`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await require_in(
            self.directory, self.authorizer, actor, Action.READ_PAYLOAD, organization_id
        )
        async with self.unit_of_work() as tx:
            event = await get_event(tx, organization, delivery_id)
            body = await tx.events.find_payload(event.id)
        if body is None:
            raise PayloadExpired(
                "The payload was deleted at the end of its retention period. The event and its verdicts "
                "are still available."
            )
        return self.protocols[event.provider].show(body)


async def get_event(tx: Transaction, organization: Organization, delivery_id: str) -> Event:
    """Return the organization's event of this delivery id; raises `EventNotFound`."""
    found = await tx.events.list(
        EventFilter(organization_id=organization.id, delivery_id=delivery_id), limit=1
    )
    if not found:
        raise EventNotFound("This organization has no webhook event with this id. Check the event id.")
    return found[0]
