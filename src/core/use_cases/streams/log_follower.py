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

# With this interval, subscribers get an event well within a quarter of a second after its commit.
INTERVAL_SECONDS = 0.1
_OUTAGE_DELAY_SECONDS = 1.0
_READ_SIZE = 50
# A slow subscriber keeps so many events in memory.
_PAGE_SIZE = 20


class LogFollower:
    """Reads the log of domain events once for all subscribers of this process.

    It polls at short intervals (docs/adr/0018), and only while there are subscribers. New events are buffered
    once for all subscribers. A subscriber that is further behind reads the log page by page, so that a slow
    one needs no memory.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        alerts: Alerts,
        *,
        buffers: SubscriberBuffers | None = None,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._alerts = alerts
        self._interval = interval
        self._buffers = buffers or SubscriberBuffers()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    async def follow(
        self, organization: Organization, event_filter: StreamFilter, cursor: int | None
    ) -> "Subscription":
        """Subscribe to events after the cursor, or from now on. Close the subscription afterwards.

        While the process stops, the subscription ends at once, so that browsers reconnect; they would not
        after an error. Raises `CursorExpired` or `StorageUnavailable`.
        """
        async with self._unit_of_work() as tx:
            bounds = await tx.domain_events.get_bounds()
        begin = bounds.begin(cursor)
        if not self._is_closed and (self._task is None or self._task.done()):
            self._buffers.position = bounds.newest or 0
            self._task = asyncio.create_task(self._poll(self._buffers))
        return Subscription(self, self._buffers, self._buffers.join(organization), event_filter, begin)

    def close(self) -> None:
        """End all subscriptions because the process stops. Each subscriber can continue from its cursor."""
        self._is_closed = True
        for buffer in self._buffers.list_all():
            buffer.notify()

    def require_open(self, buffers: SubscriberBuffers) -> None:
        """Raise `StreamEnded` unless these buffers are still filled."""
        if self._is_closed:
            raise StreamEnded(EndReason.DRAINING)
        if buffers is not self._buffers:
            raise StreamEnded(EndReason.FAILED)

    async def read(self, buffer: SubscriberBuffer, event_filter: StreamFilter, cursor: int) -> EventPage:
        """Return events after the cursor from the log; raises `StorageUnavailable`."""
        async with self._unit_of_work() as tx:
            return await tx.domain_events.list_by_organization(
                buffer.organization.id, event_filter, after=cursor, limit=_PAGE_SIZE
            )

    async def _poll(self, buffers: SubscriberBuffers) -> None:
        try:
            while buffers.list_all():
                try:
                    is_behind = await self._read_new(buffers)
                except DomainError:
                    # Events of an outage are read after it.
                    await asyncio.sleep(_OUTAGE_DELAY_SECONDS)
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
            if buffers.list_all():
                # No task fills these buffers any more, so their subscribers must not wait. The next one starts a task.
                self._buffers = SubscriberBuffers()
                for buffer in buffers.list_all():
                    buffer.notify()

    async def _read_new(self, buffers: SubscriberBuffers) -> bool:
        """Read the new events into the buffers, and return whether there may be more."""
        requested = frozenset(buffers.list_all())
        async with self._unit_of_work() as tx:
            page = await tx.domain_events.list_by_organizations(
                [buffer.organization.id for buffer in requested], after=buffers.position, limit=_READ_SIZE
            )
        buffers.add(page.events, requested=requested, reached=page.reached)
        return len(page.events) == _READ_SIZE


class Subscription:
    """The position of one subscriber in the events of an organization."""

    def __init__(
        self,
        follower: LogFollower,
        buffers: SubscriberBuffers,
        buffer: SubscriberBuffer,
        event_filter: StreamFilter,
        cursor: int,
    ) -> None:
        self._follower = follower
        self._buffers = buffers
        self._buffer = buffer
        self._event_filter = event_filter
        self.cursor = cursor
        """The subscriber has received all matching events up to this id."""

    async def next(self, *, within: float) -> Sequence[RecordedEvent]:
        """Return the next events when there are some, or none after `within` seconds.

        Raises `StreamEnded`, or `StorageUnavailable`, after which it may be called again.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + within
        while True:
            buffered = self._find_buffered()
            if buffered is None:
                self._follower.require_open(self._buffers)
            page = buffered or await self._follower.read(self._buffer, self._event_filter, self.cursor)
            self.cursor = page.reached
            if page.events:
                return page.events
            self._follower.require_open(self._buffers)
            if now() >= deadline:
                return []
            if buffered:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await self._buffer.changed.wait()

    def close(self) -> None:
        """Stop receiving events."""
        self._buffers.leave(self._buffer)

    def _find_buffered(self) -> EventPage | None:
        """Return the buffered events after the cursor, or None if the buffer does not reach back to it."""
        if self.cursor < self._buffer.complete_from:
            return None
        events = [event for event in self._buffer.list_after(self.cursor) if self._event_filter.matches(event)]
        page = events[:_PAGE_SIZE]
        return EventPage(page, page[-1].id if len(page) < len(events) else max(self.cursor, self._buffers.position))
