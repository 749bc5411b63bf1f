from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from core.domain.actors import Actor
from core.domain.errors import DomainError
from core.domain.events.event import RETRYABLE, EventNotRetryable, EventStatus, PayloadExpired, WebhookEvent
from core.domain.idempotency import IdempotencyKey, IdempotentRequest, build_idempotent_request
from core.domain.identifiers import EventId
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl, require_supported
from core.use_cases.events.audit import record_retries, record_retry
from core.use_cases.events.scope import EventScope, get_event, require_in_scope
from core.use_cases.idempotency import IdempotentResult, run_once
from ports.event_queue import WorkerNotifier
from ports.events import EventFilter
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

MAX_RETRIES = 1000
"""How many events one request retries at most."""
MAX_COUNTED = 10_000
"""How many events a preview counts at most."""
_SAMPLE_SIZE = 10


@dataclass(frozen=True, slots=True)
class RetryResult:
    """The number of events that are due again, and their lanes.

    `next` is the `before` of the request that retries the remaining events, None if none remain. Results are
    stored under idempotency keys, so the field names stay.
    """

    count: int
    next: EventId | None
    lanes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryEvent:
    """Process one failed, ignored or unrouted event again. The retry is in the audit trail."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    worker_notifier: WorkerNotifier
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        scope: EventScope,
        delivery_id: str,
        *,
        provider: str | None = None,
        key: IdempotencyKey | None = None,
        dry_run: bool = False,
    ) -> IdempotentResult[WebhookEvent]:
        """Make the event due now and return it. All organizations require a provider and allow no key.

        With `dry_run`, check whether the event can be retried, and return it as it is.
        Raises `EventNotFound`, `EventNotRetryable`, `PayloadExpired`, `IdempotencyKeyReused`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in_scope(self.access_control, actor, Action.RETRY, scope)
        now = self.clock.now()
        if dry_run:
            async with self.unit_of_work() as tx:
                event = await get_event(tx, organization, delivery_id, provider)
                where = EventFilter(provider=event.provider, delivery_id=event.delivery_id, reopenable_at=now)
                if not await tx.events.list(_in_organization(where, organization), limit=1):
                    raise await _explain_refusal(tx, event)
            return IdempotentResult(event)
        request = _create_request(key, "retry", {"event": delivery_id}, organization, actor=actor, now=now)
        async with self.unit_of_work() as tx:

            async def act() -> WebhookEvent:
                event = await get_event(tx, organization, delivery_id, provider)
                reopened = await _reopen(tx, event, now=now, requested_by=actor.name)
                await record_retry(tx, actor, event, organization)
                return reopened

            result = await run_once(tx, request, WebhookEvent, act)
            await tx.commit()
        if not result.is_replay:
            self.worker_notifier.notify(result.result.lane)
        return result


@dataclass(frozen=True, slots=True)
class RetryEvents:
    """Process all retryable events that match a filter again, newest first and a limited number.

    One version in the audit trail has the filter and the number of events.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    worker_notifier: WorkerNotifier
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        scope: EventScope,
        *,
        where: EventFilter,
        limit: int = MAX_RETRIES,
        before: EventId | None = None,
        key: IdempotencyKey | None = None,
    ) -> IdempotentResult[RetryResult]:
        """Make at most `limit` events below `before` due now. The scope replaces the organization of `where`.

        A filter can match an event again right after its retry, so a caller continues with `next` as
        `before`. All organizations allow no key. Raises `EventNotRetryable`, `ProviderUnknown`,
        `IdempotencyKeyReused`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await _require_retryable(self.access_control, actor, scope, where)
        now = self.clock.now()
        request_data = {**asdict(where), "limit": limit, "before": before}
        request = _create_request(key, "retries", request_data, organization, actor=actor, now=now)
        retryable = _in_organization(replace(where, reopenable_at=now), organization)
        async with self.unit_of_work() as tx:

            async def act() -> RetryResult:
                matching = await tx.events.list(retryable, limit=limit + 1, before=before)
                events = matching[:limit]
                reopened = set(await tx.events.reopen([event.id for event in events], now=now, requested_by=actor.name))
                if reopened:
                    await record_retries(tx, actor, where, organization, count=len(reopened))
                lanes = sorted({event.lane for event in events if event.id in reopened})
                rest = events[-1].id if len(matching) > limit else None
                return RetryResult(len(reopened), rest, tuple(lanes))

            result = await run_once(tx, request, RetryResult, act)
            await tx.commit()
        for lane in () if result.is_replay else result.result.lanes:
            self.worker_notifier.notify(lane)
        return result


@dataclass(frozen=True, slots=True)
class RetryPreview:
    """How many events a retry would process again, at most `MAX_COUNTED`, and the newest of them."""

    count: int
    sample: Sequence[WebhookEvent]


@dataclass(frozen=True, slots=True)
class PreviewRetries:
    """Count the events that `RetryEvents` would process again with the same filter, and change nothing."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self, actor: Actor, scope: EventScope, *, where: EventFilter, before: EventId | None = None
    ) -> RetryPreview:
        """Return the number of events below `before`, and a sample.

        Raises `EventNotRetryable`, `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await _require_retryable(self.access_control, actor, scope, where)
        where = _in_organization(replace(where, reopenable_at=self.clock.now()), organization)
        count, sample = 0, list[WebhookEvent]()
        async with self.unit_of_work() as tx:
            while count < MAX_COUNTED:
                events = await tx.events.list(where, limit=MAX_RETRIES, before=before)
                count += len(events)
                sample = sample or list(events[:_SAMPLE_SIZE])
                if len(events) < MAX_RETRIES:
                    break
                before = events[-1].id
        return RetryPreview(count, sample)


async def _require_retryable(
    access_control: AccessControl, actor: Actor, scope: EventScope, where: EventFilter
) -> Organization | None:
    organization = await require_in_scope(access_control, actor, Action.RETRY, scope)
    if where.status not in RETRYABLE:
        raise EventNotRetryable("Events with this status cannot be retried. Pass failed, ignored or unrouted.")
    if where.provider is not None:
        require_supported(where.provider, access_control.providers)
    return organization


def _in_organization(where: EventFilter, organization: Organization | None) -> EventFilter:
    return where if organization is None else replace(where, organization_id=organization.id)


def _create_request(
    key: IdempotencyKey | None,
    operation: str,
    request_data: Mapping[str, object],
    organization: Organization | None,
    *,
    actor: Actor,
    now: datetime,
) -> IdempotentRequest | None:
    if organization is None:
        if key is not None:
            raise ValueError("An idempotency key belongs to one organization. Pass its scope.")
        return None
    return build_idempotent_request(key, operation, request_data, organization_id=organization.id, actor=actor, now=now)


async def _reopen(tx: Transaction, event: WebhookEvent, *, now: datetime, requested_by: str) -> WebhookEvent:
    """Make an event due again and return it; raises `EventNotRetryable` or `PayloadExpired`."""
    if await tx.events.reopen([event.id], now=now, requested_by=requested_by):
        return replace(
            event,
            status=EventStatus.PENDING,
            attempts=0,
            next_attempt_at=now,
            verdicts=(),
            error_message=None,
            processed_at=None,
        )
    raise await _explain_refusal(tx, event)


async def _explain_refusal(tx: Transaction, event: WebhookEvent) -> DomainError:
    """Return why an event cannot be retried."""
    if event.status not in RETRYABLE:
        return EventNotRetryable(
            f"This event is {event.status.value}. Only failed, ignored and unrouted events can be retried."
        )
    if not await tx.events.has_payload(event.id):
        return PayloadExpired(
            "The payload was deleted at the end of its retention period, so the event cannot be retried."
        )
    return EventNotRetryable(
        "This event cannot be retried: it was received before its installation was connected to "
        "its current organization, or the installation is not connected."
    )
