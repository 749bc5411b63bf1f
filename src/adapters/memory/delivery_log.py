from dataclasses import replace

from adapters.memory.database import MemoryDatabase
from core.domain.deliveries import Receipt, VerifiedDelivery
from core.domain.events import Event, EventStatus
from core.domain.identifiers import EventId
from ports.delivery_log import DeliveryLog


class MemoryDeliveryLog(DeliveryLog):
    """Appends to the ledger in memory, one delivery after the other."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Keep one delivery for as long as this process lives."""
        async with self._database.session() as session:
            state, now = await session.writable(), self._database.now()
            for known in state.events.values():
                if (known.provider, known.delivery_id) == (delivery.provider, delivery.delivery_id):
                    if known.status is not EventStatus.FAILED:
                        return Receipt.DUPLICATE
                    state.events[known.id] = replace(
                        known,
                        status=EventStatus.PENDING,
                        attempts=0,
                        next_attempt_at=now,
                        error_message=None,
                    )
                    state.payloads.setdefault(known.id, delivery.body)
                    session.commit()
                    return Receipt.RETRIED
            event = Event(
                id=EventId(next(self._database.ids)),
                provider=delivery.provider,
                delivery_id=delivery.delivery_id,
                event_type=delivery.event_type,
                action=delivery.action,
                lane=delivery.lane,
                source_key=delivery.source_key,
                status=EventStatus.PENDING,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
                repo_id=delivery.repo_id,
                source=delivery.source.value,
                payload_length=len(delivery.body),
            )
            state.events[event.id] = event
            state.payloads[event.id] = delivery.body
            session.commit()
        return Receipt.ACCEPTED
