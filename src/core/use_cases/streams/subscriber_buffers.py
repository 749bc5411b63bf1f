import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from core.domain.organizations import Organization
from core.domain.streams.domain_event import PushData, RecordedEvent

MOST_EVENTS = 2_000
MOST_CHARACTERS = 16_000_000


@dataclass(eq=False, slots=True)
class SubscriberBuffer:
    """An organization's newest events, for all who follow it in this process.

    At hand is every event behind `complete_from`, as far as the log was looked through. `news` is replaced
    whenever it has told those who waited for it.
    """

    organization: Organization
    complete_from: int
    followers: int = 0
    events: deque[tuple[RecordedEvent, int]] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def behind(self, cursor: int) -> list[RecordedEvent]:
        """Return the events at hand with a larger id, in order; whoever follows closely finds few."""
        found = []
        for event, _ in reversed(self.events):
            if event.id <= cursor:
                break
            found.append(event)
        return found[::-1]

    def tell(self) -> None:
        """Wake whoever waits for news."""
        told, self.news = self.news, asyncio.Event()
        told.set()


class SubscriberBuffers:
    """What is at hand for all organizations together: so much and no more, and the oldest goes first."""

    def __init__(self, *, most_events: int = MOST_EVENTS, most_characters: int = MOST_CHARACTERS) -> None:
        self._most_events = most_events
        self._most_characters = most_characters
        self._characters = 0
        self._order: deque[SubscriberBuffer] = deque()
        self._of: dict[UUID, SubscriberBuffer] = {}
        self.position = 0
        """How far the log was looked through."""

    def all(self) -> list[SubscriberBuffer]:
        """Return the feeds that someone follows."""
        return list(self._of.values())

    def join(self, organization: Organization) -> SubscriberBuffer:
        """Return the feed to follow, at hand from the position on where it is new; `leave` it later."""
        feed = self._of.get(organization.external_id)
        if feed is None:
            feed = self._of[organization.external_id] = SubscriberBuffer(organization, complete_from=self.position)
        feed.followers += 1
        return feed

    def leave(self, feed: SubscriberBuffer) -> None:
        """Follow it no longer; the last one to leave takes along what was at hand."""
        feed.followers -= 1
        if feed.followers == 0:
            del self._of[feed.organization.external_id]
            self._characters -= sum(size for _, size in feed.events)
            self._order = deque(one for one in self._order if one is not feed)

    def take_in(self, events: Collection[RecordedEvent], *, asked: Collection[SubscriberBuffer], reached: int) -> None:
        """Put at hand what was found for the feeds that were asked about, and wake who waits for it."""
        self.position = reached
        heard = set()
        for feed in self._of.values():
            if feed not in asked:
                # It came while the log was looked through for others: what that passed by is read there.
                feed.complete_from = reached
                heard.add(feed)
        for event in events:
            own = self._of.get(event.organization_id)
            if own is not None and event.id > own.complete_from:
                self._add(own, event)
                heard.add(own)
        for feed in heard:
            feed.tell()

    def _add(self, feed: SubscriberBuffer, event: RecordedEvent) -> None:
        size = _size(event)
        feed.events.append((event, size))
        self._order.append(feed)
        self._characters += size
        while len(self._order) > self._most_events or self._characters > self._most_characters:
            oldest = self._order.popleft()
            gone, size = oldest.events.popleft()
            oldest.complete_from = gone.id
            self._characters -= size


def _size(event: RecordedEvent) -> int:
    """Return about how many characters an event holds: a push may hold a hundred long messages."""
    size = 1_000
    if isinstance(event.data, PushData):
        for commit in event.data.commits:
            size += 500 + len(commit.message) + 300 * len(commit.co_authors)
    return size
