from dataclasses import dataclass

from ports.event_queue import WorkerNotifier
from ports.system import Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RequeueDueEvents:
    """Notify workers of every lane with due events, every few seconds.

    Notifications get lost when Redis restarts or a worker dies, and a retry becomes due without one. The due
    events are in the database, so this covers all these cases.
    """

    unit_of_work: UnitOfWork
    worker_notifier: WorkerNotifier
    clock: Clock
    metrics: Metrics

    async def __call__(self) -> int:
        """Reopen events whose installation is connected now, notify workers, and return the number of lanes."""
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
