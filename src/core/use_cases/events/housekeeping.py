from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ports.housekeeping import HousekeepingStore
from ports.system import Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 1000
# A run is bounded; where years are to go, the next one goes on.
_MOST_PIECES = 500


class _Piece(Protocol):
    async def __call__(self, *, before: datetime, limit: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long payloads, events, domain events and attributions are stored; None is for ever."""

    payloads: timedelta | None = None
    events: timedelta | None = None
    domain_events: timedelta | None = None
    attributions: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ApplyRetention:
    """Delete what is older than its retention period, in short transactions."""

    unit_of_work: UnitOfWork
    clock: Clock
    retention: Retention

    async def __call__(self) -> int:
        """Return the number of rows checked or deleted; raises `StorageUnavailable`."""
        kept = self.retention
        return (
            await self._in_pieces(kept.payloads, lambda store: store.expire_payloads)
            + await self._in_pieces(kept.events, lambda store: store.delete_events)
            + await self._in_pieces(kept.domain_events, lambda store: store.delete_domain_events)
            + await self._in_pieces(kept.attributions, lambda store: store.delete_attributions)
        )

    async def _in_pieces(self, age: timedelta | None, of: Callable[[HousekeepingStore], _Piece]) -> int:
        if age is None:
            return 0
        before, total = self.clock.now() - age, 0
        for _ in range(_MOST_PIECES):
            async with self.unit_of_work() as tx:
                taken = await of(tx.housekeeping)(before=before, limit=_AT_ONCE)
                await tx.commit()
            total += taken
            if taken < _AT_ONCE:
                break
        return total


@dataclass(frozen=True, slots=True)
class PublishBacklogGauges:
    """Publish the backlog gauges."""

    unit_of_work: UnitOfWork
    clock: Clock
    metrics: Metrics

    async def __call__(self) -> None:
        """Count and publish once; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            gauges = await tx.housekeeping.count_backlog(now=self.clock.now())
        self.metrics.set_backlog(gauges)
