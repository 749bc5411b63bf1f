from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ports.housekeeping import HousekeepingStore
from ports.system import Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork

_BATCH_SIZE = 1000
# A run is bounded, and the next one continues.
_MAX_BATCHES = 500


class _DeleteBatch(Protocol):
    async def __call__(self, *, before: datetime, limit: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long payloads, events, domain events and attributions are stored; None means without a limit."""

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
        periods = self.retention
        return (
            await self._delete_in_batches(periods.payloads, lambda store: store.expire_payloads)
            + await self._delete_in_batches(periods.events, lambda store: store.delete_events)
            + await self._delete_in_batches(periods.domain_events, lambda store: store.delete_domain_events)
            + await self._delete_in_batches(periods.attributions, lambda store: store.delete_attributions)
        )

    async def _delete_in_batches(
        self, age: timedelta | None, select: Callable[[HousekeepingStore], _DeleteBatch]
    ) -> int:
        if age is None:
            return 0
        before, total = self.clock.now() - age, 0
        for _ in range(_MAX_BATCHES):
            async with self.unit_of_work() as tx:
                count = await select(tx.housekeeping)(before=before, limit=_BATCH_SIZE)
                await tx.commit()
            total += count
            if count < _BATCH_SIZE:
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
