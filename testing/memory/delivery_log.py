from dataclasses import replace
from datetime import datetime

from core.domain.deliveries.delivery import DeliveryIdConflict, Receipt, Source, VerifiedDelivery
from core.domain.events.attempt import REDELIVERY
from core.domain.events.event import EventStatus, WebhookEvent, can_reopen
from core.domain.identifiers import EventId
from ports.event_queue import DeliveryLog
from testing.memory.database import MemoryDatabase, State
from testing.memory.stores.event_attempts import begin_attempt


class MemoryDeliveryLog(DeliveryLog):
    """Stores deliveries as webhook events in memory, one after the other."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def append(self, delivery: VerifiedDelivery) -> Receipt:
        """Keep one delivery for as long as this process lives."""
        async with self._database.session() as session:
            state, now = await session.writable(), self._database.now()
            for known in state.events.values():
                if (known.provider, known.delivery_id) == (delivery.provider, delivery.delivery_id):
                    is_quoted = Source.RECOVERED.value in (delivery.source.value, known.source)
                    if not is_quoted and state.bodies.get(known.id, delivery.body) != delivery.body:
                        raise DeliveryIdConflict
                    if not _is_retried(state, known, now):
                        return Receipt.DUPLICATE
                    state.events[known.id] = replace(
                        known,
                        status=EventStatus.PENDING,
                        attempts=0,
                        next_attempt_at=now,
                        error_message=None,
                        verdicts=(),
                        processed_at=None,
                    )
                    begin_attempt(state, known.id, REDELIVERY)
                    state.payloads.setdefault(known.id, delivery.body)
                    session.commit()
                    return Receipt.RETRIED
            if delivery.is_unique and any(
                (known.provider, known.event_type, known.source_key)
                == (delivery.provider, delivery.event_type, delivery.source_key)
                and state.unique_bodies.get(known.id) == delivery.body
                for known in state.events.values()
            ):
                return Receipt.REPLAYED
            event = WebhookEvent(
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
            state.bodies[event.id] = delivery.body
            if delivery.is_unique:
                state.unique_bodies[event.id] = delivery.body
            session.commit()
        return Receipt.ACCEPTED


def _is_retried(state: State, event: WebhookEvent, now: datetime) -> bool:
    if event.status is EventStatus.FAILED:
        return True
    owner = state.integrations.get(event.integration_id) if event.integration_id is not None else None
    return can_reopen(event, owner, now=now)
