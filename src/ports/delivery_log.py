from typing import Protocol

from core.domain.deliveries.delivery import Receipt, VerifiedDelivery


class DeliveryLog(Protocol):
    """Where deliveries become durable.

    Promised: when `append` returns, the delivery survives a crash of everything. The same provider and
    delivery id is kept once, however many arrive and wherever, and so are the same signed bytes of
    `is_unique` deliveries of one event type and source key. A delivery that had failed here is pending again,
    and so is one that was ignored or unrouted, as far as `may_reopen` allows. Concurrent appends share one
    durable commit without waiting for company.
    Not promised: an order among concurrent appends.
    Raises `DeliveryIdConflict` when the id is known with another body; the one received first stays. The
    provider's API may word the same payload differently, so what it quoted is not compared.
    Raises `ReceiverBusy` when its bounded queue is full and `StorageUnavailable` when storage is silent; in
    both cases the delivery may be kept all the same, and appending it again is a duplicate.
    """

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Keep one delivery."""
