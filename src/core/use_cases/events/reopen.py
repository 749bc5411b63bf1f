from dataclasses import replace
from datetime import datetime

from core.domain.events.event import (
    RETRYABLE,
    Event,
    EventNotRetryable,
    EventStatus,
    PayloadExpired,
)
from ports.unit_of_work import Transaction


async def reopen(tx: Transaction, event: Event, *, now: datetime) -> Event:
    """Make an event due again, and return it so; raises `EventNotRetryable` or `PayloadExpired`."""
    if await tx.events.reopen([event.id], now=now):
        return replace(
            event,
            status=EventStatus.PENDING,
            attempts=0,
            next_attempt_at=now,
            verdicts=(),
            error_message=None,
            processed_at=None,
        )
    if event.status not in RETRYABLE:
        raise EventNotRetryable(
            f"This event is {event.status.value}. Only failed, ignored and unrouted events can be retried."
        )
    if not await tx.events.has_payload(event.id):
        raise PayloadExpired(
            "The payload was deleted at the end of its retention period, so the event cannot be retried."
        )
    raise EventNotRetryable(
        "This event cannot be retried: it was received before its installation was connected to "
        "its current organization, or the installation is not connected."
    )
