from dataclasses import dataclass

from core.domain.deliveries.delivery import Receipt, VerifiedDelivery
from ports.event_queue import DeliveryLog, WorkerNotifier


@dataclass(frozen=True, slots=True)
class ReceiveDelivery:
    """Keep a verified delivery for good, then wake someone to process it.

    The caller verifies with the provider's protocol while the body arrives; the type is the proof.
    Returns only after the delivery is durable. A lost wake-up loses nothing: the sweep rings again.
    """

    delivery_log: DeliveryLog
    worker_notifier: WorkerNotifier

    async def __call__(self, delivery: VerifiedDelivery) -> Receipt:
        """Append to the ledger; raises `ReceiverBusy` or `StorageUnavailable`, and then promises nothing."""
        receipt = await self.delivery_log.append(delivery)
        if not receipt.is_known:
            self.worker_notifier.notify(delivery.lane)
        return receipt
