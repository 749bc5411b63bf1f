from collections import Counter
from collections.abc import Sequence

from core.domain.events.event import Event
from core.domain.identifiers import EventId

_ALONE = 2


class DroveStorageAway(Exception):
    """The database connection ended each time this event was processed, so it is not tried again."""


class Suspects:
    """Remembers, for this process, on which events storage went away, lane by lane.

    An outage is no event's fault and counts no attempt. But one on which the database's process dies would
    kill it again and again, and with it everyone's work: what was under way when storage went away is run one
    at a time, and one on which it then goes away twice, after it answered just before, is given up.
    """

    def __init__(self) -> None:
        self._lost: dict[int, Counter[EventId]] = {}
        self._lost_last: dict[int, tuple[EventId, ...]] = {}

    def limit(self, lane: int, usual: int) -> int:
        """Return how many events of a lane may be processed together."""
        return 1 if lane in self._lost else usual

    def check(self, lane: int, events: Sequence[Event]) -> None:
        """Raise `DroveStorageAway` for an event that must not be processed again."""
        lost = self._lost.get(lane)
        if lost and len(events) == 1 and lost[events[0].id] >= _ALONE:
            raise DroveStorageAway(
                "database_lost: PostgreSQL ended the connection each time this event was processed "
                "alone. Check PostgreSQL's log and memory, then retry the event."
            )

    def lost(self, lane: int, events: Sequence[Event]) -> None:
        """Note that storage went away while these were processed."""
        known = self._lost.setdefault(lane, Counter())
        self._lost_last[lane] = tuple(event.id for event in events)
        for event in events:
            known[event.id] += len(events) == 1

    def has_lost(self, lane: int, event_ids: Sequence[EventId]) -> bool:
        """Return whether storage went away from this process while it processed just these events."""
        return self._lost_last.get(lane) == tuple(event_ids)

    def isolate(self, lane: int, event_ids: Sequence[EventId]) -> None:
        """Run these events one at a time, without blaming any of them."""
        known = self._lost.setdefault(lane, Counter())
        for event_id in event_ids:
            known[event_id] += 0

    def settled(self, lane: int, events: Sequence[Event]) -> None:
        """Note that these are over, and so are all before them, here or elsewhere."""
        self._lost_last.pop(lane, None)
        if lane in self._lost:
            later = {one: times for one, times in self._lost[lane].items() if one > events[-1].id}
            self._lost[lane] = Counter(later)
            if not later:
                self.forget(lane)

    def forget(self, lane: int) -> None:
        """Note that nothing is due in a lane."""
        self._lost.pop(lane, None)
        self._lost_last.pop(lane, None)
