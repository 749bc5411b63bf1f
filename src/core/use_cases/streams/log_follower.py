import asyncio
from collections.abc import Sequence
from contextlib import suppress

from core.domain.errors import DomainError
from core.domain.organizations import Organization
from core.domain.streams.domain_event import RecordedEvent
from core.domain.streams.stream import EndReason, StreamEnded, StreamFilter
from core.use_cases.streams.subscriber_buffers import SubscriberBuffer, SubscriberBuffers
from ports.domain_events import EventPage
from ports.system import Alerts
from ports.unit_of_work import UnitOfWork

# Looked for so often, an event is told well within a quarter of a second of its commit.
INTERVAL = 0.1
_OUTAGE = 1.0
_LOOK = 50
# So much a reader is given at once, and so holds in memory while it is slow to pass it on.
_PAGE = 20


class LogFollower:
    """Follows the log of domain events, once for everyone who streams from this process.

    It looks at short intervals rather than being notified: see docs/adr/0018. While nobody streams it does
    nothing. What it finds is kept at hand for a while, once for all readers; whoever is further behind reads
    the log themselves, page by page, so that a slow reader costs no memory.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        alerts: Alerts,
        *,
        feeds: SubscriberBuffers | None = None,
        interval: float = INTERVAL,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._alerts = alerts
        self._interval = interval
        self._feeds = feeds or SubscriberBuffers()
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    async def follow(self, organization: Organization, wanted: StreamFilter, cursor: int | None) -> "Subscription":
        """Begin after the cursor, or without one from now on; `leave` it afterwards.

        While the process is stopping it ends at once, which has browsers come again; a refusal would not.
        Raises `CursorExpired` or `StorageUnavailable`.
        """
        async with self._unit_of_work() as tx:
            bounds = await tx.domain_events.get_bounds()
        begin = bounds.begin(cursor)
        if not self._is_closed and (self._looking is None or self._looking.done()):
            self._feeds.position = bounds.newest or 0
            self._looking = asyncio.create_task(self._look_again_and_again(self._feeds))
        return Subscription(self, self._feeds, self._feeds.join(organization), wanted, begin)

    def close(self) -> None:
        """End every stream, since the process stops; each knows where it may go on."""
        self._is_closed = True
        for feed in self._feeds.all():
            feed.tell()

    def require_open(self, feeds: SubscriberBuffers) -> None:
        """Raise `StreamEnded` unless these feeds still get the news."""
        if self._is_closed:
            raise StreamEnded(EndReason.DRAINING)
        if feeds is not self._feeds:
            raise StreamEnded(EndReason.FAILED)

    async def read(self, feed: SubscriberBuffer, wanted: StreamFilter, cursor: int) -> EventPage:
        """Return what is behind the cursor from the log itself; raises `StorageUnavailable`."""
        async with self._unit_of_work() as tx:
            return await tx.domain_events.list_by_organization(feed.organization.id, wanted, after=cursor, limit=_PAGE)

    async def _look_again_and_again(self, feeds: SubscriberBuffers) -> None:
        try:
            while feeds.all():
                try:
                    is_behind = await self._look(feeds)
                except DomainError:
                    # Whatever is committed during an outage of the database's is found after it.
                    await asyncio.sleep(_OUTAGE)
                    continue
                if not is_behind:
                    await asyncio.sleep(self._interval)
        except Exception as error:
            self._alerts.alert(
                "event_streams_failed",
                f"Reading domain events for streams failed: {type(error).__name__}. Report this error.",
            )
            raise
        finally:
            if feeds.all():
                # Nobody shall wait for news that nobody looks for; who comes next begins anew.
                self._feeds = SubscriberBuffers()
                for feed in feeds.all():
                    feed.tell()

    async def _look(self, feeds: SubscriberBuffers) -> bool:
        """Take in what was committed since the last look; tell whether there may be more."""
        asked = frozenset(feeds.all())
        async with self._unit_of_work() as tx:
            stretch = await tx.domain_events.list_by_organizations(
                [feed.organization.id for feed in asked], after=feeds.position, limit=_LOOK
            )
        feeds.take_in(stretch.events, asked=asked, reached=stretch.reached)
        return len(stretch.events) == _LOOK


class Subscription:
    """One reader's way through an organization's events."""

    def __init__(
        self, tail: LogFollower, feeds: SubscriberBuffers, feed: SubscriberBuffer, wanted: StreamFilter, cursor: int
    ) -> None:
        self._tail = tail
        self._feeds = feeds
        self._feed = feed
        self._wanted = wanted
        self.cursor = cursor
        """Everything wanted up to here has been returned."""

    async def next(self, *, within: float) -> Sequence[RecordedEvent]:
        """Return the next events as soon as there are some, none after so many seconds.

        Raises `StreamEnded`, or `StorageUnavailable`, after which it may be called again.
        """
        now = asyncio.get_running_loop().time
        until = now() + within
        while True:
            at_hand = self._at_hand()
            if at_hand is None:
                self._tail.require_open(self._feeds)
            stretch = at_hand or await self._tail.read(self._feed, self._wanted, self.cursor)
            self.cursor = stretch.reached
            if stretch.events:
                return stretch.events
            self._tail.require_open(self._feeds)
            if now() >= until:
                return []
            if at_hand:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self._feed.news.wait()

    def leave(self) -> None:
        """Follow no longer."""
        self._feeds.leave(self._feed)

    def _at_hand(self) -> EventPage | None:
        """Return what is behind the cursor; None where the cursor is further back than what is at hand."""
        if self.cursor < self._feed.complete_from:
            return None
        found = [event for event in self._feed.behind(self.cursor) if self._wanted.matches(event)]
        page = found[:_PAGE]
        return EventPage(page, page[-1].id if len(page) < len(found) else max(self.cursor, self._feeds.position))
