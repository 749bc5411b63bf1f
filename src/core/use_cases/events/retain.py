from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from ports.clock import Clock
from ports.retention import RetentionStore
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 1000
# A run is bounded; where years are to go, the next one goes on.
_MOST_PIECES = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the ledger keeps what it was sent, and that it was sent at all; None is for ever."""

    payloads: timedelta | None = None
    events: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ApplyRetention:
    """Let the ledger forget what is older than it is to be kept, a short transaction at a time."""

    unit_of_work: UnitOfWork
    clock: Clock
    retention: Retention

    async def __call__(self) -> int:
        """Return how many events were looked at or removed; raises `StorageUnavailable`."""
        count = 0
        if self.retention.payloads:
            before = self.clock.now() - self.retention.payloads
            count += await self._in_pieces(lambda kept: kept.expire_payloads(before=before, limit=_AT_ONCE))
        if self.retention.events:
            until = self.clock.now() - self.retention.events
            count += await self._in_pieces(lambda kept: kept.forget_events(before=until, limit=_AT_ONCE))
        return count

    async def _in_pieces(self, take: Callable[[RetentionStore], Awaitable[int]]) -> int:
        total = 0
        for _ in range(_MOST_PIECES):
            async with self.unit_of_work() as tx:
                taken = await take(tx.retention)
                await tx.commit()
            total += taken
            if taken < _AT_ONCE:
                break
        return total
