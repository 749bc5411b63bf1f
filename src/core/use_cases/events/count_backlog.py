from dataclasses import dataclass

from ports.clock import Clock
from ports.metrics import Metrics
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CountCensus:
    """Tell whoever watches how much there is of what should be little."""

    unit_of_work: UnitOfWork
    clock: Clock
    metrics: Metrics

    async def __call__(self) -> None:
        """Count once; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            self.metrics.census(await tx.census.take(now=self.clock.now()))
