from dataclasses import dataclass

from ports.event_queue import WorkerNotifier
from ports.system import Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RequeueDueEvents:
    """Ring every lane in which something is due, whether or not a ring was sent before.

    Doorbells may be lost: Redis restarted, a worker died between a ring and its answer, a retry came due.
    What is due stands in the ledger, so a look every few seconds heals all of it.
    """

    unit_of_work: UnitOfWork
    worker_notifier: WorkerNotifier
    clock: Clock
    metrics: Metrics

    async def __call__(self) -> int:
        """Route events whose installation is connected by now, ring what is due, return how many lanes."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.event_queue.reopen_unrouted(now=now)
            lanes = await tx.event_queue.list_due_lanes(now=now)
            oldest = await tx.events.find_oldest_due(now=now)
            await tx.commit()
        self.metrics.set_oldest_due((now - oldest).total_seconds() if oldest else 0.0)
        if lanes:
            await self.worker_notifier.notify_due(lanes)
        return len(lanes)
