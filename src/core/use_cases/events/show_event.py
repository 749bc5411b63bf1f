from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import parse_actor_name
from core.domain.events.attempt import Attempt
from core.domain.events.event import PayloadDamaged, PayloadExpired, WebhookEvent
from core.domain.events.views import EventView
from core.domain.organizations import Organization, User
from core.domain.permissions import Action
from core.domain.streams.domain_event import RecordedEvent
from core.use_cases.authorization import AccessControl
from core.use_cases.events.audit import record_view
from core.use_cases.events.describe_events import DescribeEvents
from core.use_cases.events.list_events import name_repositories
from core.use_cases.events.scope import EventScope, get_event, require_in_scope, require_read_in_scope
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol


class PayloadAbsence(Enum):
    """Why the payload is not available.

    `not_permitted`: the caller may not read payloads. `expired`: it was deleted at the end of its retention period.
    `damaged`: the stored payload cannot be read.
    """

    NOT_PERMITTED = "not_permitted"
    EXPIRED = "expired"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class EventDetails:
    """One event, with its payload as JSON text, or the reason why the payload is not available.

    `repository` (its full name in the catalog) and `domain_events` are set if the caller requested them. `members` are
    the current members among the users who requested `attempts`.
    """

    view: EventView
    payload: bytes | None
    absence: PayloadAbsence | None
    repository: str | None = None
    domain_events: Sequence[RecordedEvent] = ()
    attempts: Sequence[Attempt] = ()
    members: Mapping[UUID, User] = field(default_factory=dict)

    @property
    def event(self) -> WebhookEvent:
        """The stored event."""
        return self.view.event


@dataclass(frozen=True, slots=True)
class ShowEvent:
    """Show one webhook event with its verdicts, and its payload to actors who may read payloads.

    A view of a payload is in the audit trail.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock
    describe: DescribeEvents

    async def __call__(
        self,
        actor: Actor,
        scope: EventScope,
        delivery_id: str,
        *,
        provider: str | None = None,
        with_results: bool = False,
    ) -> EventDetails:
        """Return the event; `with_results` adds the repository and the domain events.

        All organizations require a provider. Raises `EventNotFound`, `OrganizationNotFound` or
        `ActionForbidden`, and for all organizations `PayloadDamaged`.
        """
        organization, can_read_payload = await require_read_in_scope(self.access_control, actor, scope)
        async with self.unit_of_work() as tx:
            event = await get_event(tx, organization, delivery_id, provider)
            [view] = await self.describe(tx, organization, [event], can_read_payload=can_read_payload)
            repositories = await name_repositories(tx, [event]) if with_results else {}
            attempts = await tx.event_attempts.list_by_event(event.id)
            domain_events = await tx.domain_events.list_by_source(event.id) if with_results else ()
            payload: bytes | PayloadAbsence = PayloadAbsence.NOT_PERMITTED
            if can_read_payload:
                payload = await self._read_payload(tx, event, organization)
            if isinstance(payload, bytes):
                await record_view(tx, actor, event, organization, now=self.clock.now())
                await tx.commit()
        user_ids = {parse_actor_name(attempt.requested_by).user_id for attempt in attempts if attempt.requested_by}
        return EventDetails(
            view,
            payload=payload if isinstance(payload, bytes) else None,
            absence=payload if isinstance(payload, PayloadAbsence) else None,
            repository=repositories.get(event.id),
            domain_events=domain_events,
            attempts=attempts,
            members=await self._find_members(organization, user_ids),
        )

    async def _find_members(
        self, organization: Organization | None, user_ids: Collection[UUID | None]
    ) -> Mapping[UUID, User]:
        users = [user_id for user_id in user_ids if user_id]
        if organization is None or not users:
            return {}
        return await self.access_control.directory.find_members(organization.id, users)

    async def _read_payload(
        self, tx: Transaction, event: WebhookEvent, organization: Organization | None
    ) -> bytes | PayloadAbsence:
        try:
            payload = await tx.events.find_payload(event.id)
        except PayloadDamaged:
            # The error says how the payload is damaged, which only an operator can act on.
            if organization is None:
                raise
            return PayloadAbsence.DAMAGED
        if payload is None:
            return PayloadAbsence.EXPIRED
        return self.protocols[event.provider].format_body(payload)


@dataclass(frozen=True, slots=True)
class ShowPayload:
    """Show what the provider sent to actors who may read payloads. The view is in the audit trail."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock

    async def __call__(
        self, actor: Actor, scope: EventScope, delivery_id: str, *, provider: str | None = None
    ) -> bytes:
        """Return the payload as JSON text. All organizations require a provider.

        Raises `EventNotFound`, `PayloadExpired`, `PayloadDamaged`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await require_in_scope(self.access_control, actor, Action.READ_PAYLOAD, scope)
        async with self.unit_of_work() as tx:
            event = await get_event(tx, organization, delivery_id, provider)
            payload = await tx.events.find_payload(event.id)
            if payload is not None:
                await record_view(tx, actor, event, organization, now=self.clock.now())
                await tx.commit()
        if payload is None:
            raise PayloadExpired(
                "The payload was deleted at the end of its retention period. The event and its verdicts "
                "are still available."
            )
        return self.protocols[event.provider].format_body(payload)
