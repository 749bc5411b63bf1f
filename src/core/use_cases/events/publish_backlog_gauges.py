from dataclasses import dataclass

from ports.clock import Clock
from ports.metrics import Metrics
from ports.unit_of_work import UnitOfWork


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
        self.metrics.backlog(gauges)
