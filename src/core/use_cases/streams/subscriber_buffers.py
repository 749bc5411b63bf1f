import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from core.domain.organizations import Organization
from core.domain.streams.domain_event import PushData, RecordedEvent

MAX_EVENTS = 2_000
MAX_CHARACTERS = 16_000_000


@dataclass(eq=False, slots=True)
class SubscriberBuffer:
    """The newest events of an organization, for its subscribers in this process.

    The buffer has every event after `complete_from`, up to the position of the buffers. `changed` is replaced
    each time it is set.
    """

    organization: Organization
    complete_from: int
    subscribers: int = 0
    events: deque[tuple[RecordedEvent, int]] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def list_after(self, cursor: int) -> list[RecordedEvent]:
        """Return the buffered events with a larger id, in order. Usually there are few."""
        events = []
        for event, _ in reversed(self.events):
            if event.id <= cursor:
                break
            events.append(event)
        return events[::-1]

    def notify(self) -> None:
        """Wake the subscribers that wait for events."""
        waiting, self.changed = self.changed, asyncio.Event()
        waiting.set()


class SubscriberBuffers:
    """The buffers of all organizations, with a common limit. The oldest events are removed first."""

    def __init__(self, *, max_events: int = MAX_EVENTS, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_events = max_events
        self._max_characters = max_characters
        self._characters = 0
        self._order: deque[SubscriberBuffer] = deque()
        self._by_organization: dict[UUID, SubscriberBuffer] = {}
        self.position = 0
        """The id up to which the log was read."""

    def list_all(self) -> list[SubscriberBuffer]:
        """Return the buffers that have subscribers."""
        return list(self._by_organization.values())

    def join(self, organization: Organization) -> SubscriberBuffer:
        """Add a subscriber and return its buffer, which starts at the position if it is new."""
        buffer = self._by_organization.get(organization.external_id)
        if buffer is None:
            buffer = self._by_organization[organization.external_id] = SubscriberBuffer(
                organization, complete_from=self.position
            )
        buffer.subscribers += 1
        return buffer

    def leave(self, buffer: SubscriberBuffer) -> None:
        """Remove a subscriber, and with the last one the buffer."""
        buffer.subscribers -= 1
        if buffer.subscribers == 0:
            del self._by_organization[buffer.organization.external_id]
            self._characters -= sum(size for _, size in buffer.events)
            self._order = deque(other for other in self._order if other is not buffer)

    def add(self, events: Collection[RecordedEvent], *, requested: Collection[SubscriberBuffer], reached: int) -> None:
        """Add the events read for the requested buffers, and wake their subscribers."""
        self.position = reached
        changed = set()
        for buffer in self._by_organization.values():
            if buffer not in requested:
                # Created while the log was read for other organizations: earlier events are read from the log.
                buffer.complete_from = reached
                changed.add(buffer)
        for event in events:
            matching = self._by_organization.get(event.organization_id)
            if matching is not None and event.id > matching.complete_from:
                self._add(matching, event)
                changed.add(matching)
        for buffer in changed:
            buffer.notify()

    def _add(self, buffer: SubscriberBuffer, event: RecordedEvent) -> None:
        size = _size(event)
        buffer.events.append((event, size))
        self._order.append(buffer)
        self._characters += size
        while len(self._order) > self._max_events or self._characters > self._max_characters:
            oldest = self._order.popleft()
            removed, size = oldest.events.popleft()
            oldest.complete_from = removed.id
            self._characters -= size


def _size(event: RecordedEvent) -> int:
    """Return the approximate size in characters: a push can have a hundred long messages."""
    size = 1_000
    if isinstance(event.data, PushData):
        for commit in event.data.commits:
            size += 500 + len(commit.message) + 300 * len(commit.co_authors)
    return size
