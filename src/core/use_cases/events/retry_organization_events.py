from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.event import RETRYABLE, Event, EventNotRetryable
from core.domain.idempotency import IdempotencyKey, keyed
from core.domain.identifiers import EventId
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.events.organization_events import get_event
from core.use_cases.events.reopen import reopen
from core.use_cases.events.retry_events import MOST
from core.use_cases.idempotency.once import Once, once
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.doorbell import Doorbell
from ports.events import EventFilter
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class Retried:
    """How many events are due again, in which lanes, and where the rest begins: None where there is none."""

    count: int
    next: EventId | None
    lanes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryOrganizationEvent:
    """Process one of an organization's failed or ignored events again."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    doorbell: Doorbell
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, delivery_id: str, key: IdempotencyKey | None = None
    ) -> Once[Event]:
        """Make it due now, and return it so.

        Raises `EventNotFound`, `EventNotRetryable`, `PayloadExpired`, `IdempotencyKeyReused`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.RETRY, organization_id)
        now = self.clock.now()
        request = keyed(
            key, "retry", {"event": delivery_id}, organization_id=organization.id, actor=actor, now=now
        )
        async with self.unit_of_work() as tx:

            async def act() -> Event:
                return await reopen(tx, await get_event(tx, organization, delivery_id), now=now)

            done = await once(tx, request, Event, act)
            await tx.commit()
        if not done.is_replay:
            self.doorbell.ring(done.result.lane)
        return done


@dataclass(frozen=True, slots=True)
class RetryOrganizationEvents:
    """Process those of an organization's events again that a filter finds, newest first, a bounded number."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    doorbell: Doorbell
    clock: Clock
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        where: EventFilter,
        limit: int = MOST,
        before: EventId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Once[Retried]:
        """Make at most `limit` below `before` due now; `next` of the result is `before` of a next call.

        A filter may find an event again right after it was retried, so going on means going on below.
        Raises `EventNotRetryable`, `ProviderUnknown`, `IdempotencyKeyReused`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.RETRY, organization_id)
        if where.status not in RETRYABLE:
            raise EventNotRetryable(
                "Events with this status cannot be retried. Pass failed, ignored or unrouted."
            )
        if where.provider is not None:
            require_supported(where.provider, self.protocols)
        now = self.clock.now()
        asked = {**asdict(where), "limit": limit, "before": before}
        request = keyed(key, "retries", asked, organization_id=organization.id, actor=actor, now=now)
        wanted = replace(where, organization_id=organization.id, reopenable_at=now)
        async with self.unit_of_work() as tx:

            async def act() -> Retried:
                found = await tx.events.list(wanted, limit=limit + 1, before=before)
                events = found[:limit]
                reopened = set(await tx.events.reopen([event.id for event in events], now=now))
                lanes = sorted({event.lane for event in events if event.id in reopened})
                rest = events[-1].id if len(found) > limit else None
                return Retried(len(reopened), rest, tuple(lanes))

            done = await once(tx, request, Retried, act)
            await tx.commit()
        for lane in () if done.is_replay else done.result.lanes:
            self.doorbell.ring(lane)
        return done
