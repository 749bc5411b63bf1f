from typing import Protocol

from core.domain.deliveries import Receipt, VerifiedDelivery


class DeliveryLog(Protocol):
    """Where deliveries become durable.

    Promised: when `append` returns, the delivery survives a crash of everything; the same provider and
    delivery id is kept once, however many arrive and wherever; a delivery that had failed here is pending
    again. Concurrent appends share one durable commit without waiting for company.
    Not promised: an order among concurrent appends.
    Raises `ReceiverBusy` when its bounded queue is full and `StorageUnavailable` when storage is silent; in
    both cases the delivery may be kept all the same, and appending it again is a duplicate.
    """

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Keep one delivery."""
