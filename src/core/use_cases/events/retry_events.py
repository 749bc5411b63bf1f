from dataclasses import dataclass, replace

from core.domain.actors import Actor
from core.domain.events.event import RETRYABLE, EventNotFound, EventNotRetryable
from core.domain.permissions import Action
from core.use_cases.authorization import require
from core.use_cases.events.reopen import reopen
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.doorbell import Doorbell
from ports.events import EventFilter
from ports.unit_of_work import UnitOfWork

MOST = 1000


@dataclass(frozen=True, slots=True)
class RetryEvent:
    """Process one failed, ignored or unrouted event again."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    doorbell: Doorbell
    clock: Clock

    async def __call__(self, actor: Actor, *, provider: str, delivery_id: str) -> None:
        """Make it due now.

        Raises `EventNotFound`, `EventNotRetryable`, `PayloadExpired` or `ActionForbidden`.
        """
        require(self.authorizer, actor, Action.RETRY)
        async with self.unit_of_work() as tx:
            event = await tx.events.find(provider, delivery_id)
            if event is None:
                raise EventNotFound("No webhook event has this id. Check the event id.")
            await reopen(tx, event, now=self.clock.now())
            await tx.commit()
        self.doorbell.ring(event.lane)


@dataclass(frozen=True, slots=True)
class RetryEvents:
    """Process all retryable events that a filter finds again, at most a thousand at a time."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    doorbell: Doorbell
    clock: Clock

    async def __call__(self, actor: Actor, *, where: EventFilter) -> int:
        """Make them due now and return how many; raises `EventNotRetryable` or `ActionForbidden`."""
        require(self.authorizer, actor, Action.RETRY)
        if where.status not in RETRYABLE:
            raise EventNotRetryable(
                "Events with this status cannot be retried. Pass failed, ignored or unrouted."
            )
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            events = await tx.events.list(replace(where, reopenable_at=now), limit=MOST)
            reopened = set(await tx.events.reopen([event.id for event in events], now=now))
            await tx.commit()
        for lane in {event.lane for event in events if event.id in reopened}:
            self.doorbell.ring(lane)
        return len(reopened)
