from collections.abc import Sequence
from typing import Protocol

from core.domain.events.attempt import Attempt
from core.domain.identifiers import EventId


class EventAttemptStore(Protocol):
    """The attempts to process webhook events. The operations that end an attempt or request one store them.

    Guaranteed: an attempt that has ended is never changed. It is deleted with its event. Not guaranteed: an attempt
    that ended in a release before attempts were stored.
    """

    async def list_by_event(self, event_id: EventId) -> Sequence[Attempt]:
        """Return the attempts of an event in their order; the last one is `pending` while the event is.

        Returns an empty list if the event does not exist.
        """
