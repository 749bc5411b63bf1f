from dataclasses import dataclass

from core.domain.deliveries.delivery import Receipt, VerifiedDelivery
from ports.event_queue import DeliveryLog, WorkerNotifier


@dataclass(frozen=True, slots=True)
class ReceiveDelivery:
    """Store a verified delivery durably, then notify a worker.

    The caller verifies the signature while the body arrives; `VerifiedDelivery` is the proof. A lost
    notification only delays processing: `RequeueDueEvents` notifies again.
    """

    delivery_log: DeliveryLog
    worker_notifier: WorkerNotifier

    async def __call__(self, delivery: VerifiedDelivery) -> Receipt:
        """Return after the delivery is durable. After `ReceiverBusy` or `StorageUnavailable`, it may be lost."""
        receipt = await self.delivery_log.append(delivery)
        if not receipt.is_known:
            self.worker_notifier.notify(delivery.lane)
        return receipt
