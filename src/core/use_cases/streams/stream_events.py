import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.actors import Actor, ServiceActor
from core.domain.errors import StorageTooSlow, StorageUnavailable
from core.domain.organizations import OrganizationNotFound
from core.domain.permissions import Action, ActionForbidden
from core.domain.streams.domain_event import RecordedEvent
from core.domain.streams.stream import EndReason, StreamEnded, StreamFilter, TooManyStreams, parse_cursor
from core.use_cases.authorization import AccessControl
from core.use_cases.streams.log_follower import LogFollower, Subscription
from ports.system import Clock
from ports.telemetry import Metrics

MAX_STREAMS = 4_000
MAX_STREAMS_OF_ONE = 100
_RETRY_AFTER = 10.0


class StreamLimits:
    """Limits the streams of this process, and of each user and service.

    A stream of a service that acts for a user counts for both, so that neither can have more streams with many
    users or many services.
    """

    def __init__(
        self, metrics: Metrics, *, max_streams: int = MAX_STREAMS, max_streams_of_one: int = MAX_STREAMS_OF_ONE
    ) -> None:
        self._metrics = metrics
        self._max_streams = max_streams
        self._max_streams_of_one = max_streams_of_one
        self._open_by_name: Counter[str] = Counter()
        self._open = 0

    def acquire(self, actor: Actor) -> Callable[[], None]:
        """Count a stream and return the function that releases it; raises `TooManyStreams`."""
        names = _list_names(actor)
        for kind, name in names.items():
            if self._open_by_name[name] >= self._max_streams_of_one:
                raise TooManyStreams(
                    f"This {kind} has {self._max_streams_of_one} open streams, which is the limit. Close a stream, "
                    "or try again later.",
                    retry_after=_RETRY_AFTER,
                )
        if self._open >= self._max_streams:
            raise TooManyStreams(
                "This process has reached its limit of open streams. Try again later.", retry_after=_RETRY_AFTER
            )
        self._open_by_name.update(names.values())
        self._open += 1
        self._metrics.set_open_streams(self._open)

        def release() -> None:
            self._open -= 1
            self._metrics.set_open_streams(self._open)
            self._open_by_name.subtract(names.values())
            for name in names.values():
                if not self._open_by_name[name]:
                    del self._open_by_name[name]

        return release


def _list_names(actor: Actor) -> dict[str, str]:
    """Return the names that the stream counts for, by kind."""
    if not isinstance(actor, ServiceActor):
        return {"user": actor.name}
    names = {"service": f"service:{actor.service}"}
    if actor.acting_user is not None:
        names["user"] = actor.acting_user.name
    return names


ACCESS_CHECK_INTERVAL = timedelta(seconds=60)
_OUTAGE_DELAY_SECONDS = 1.0
_ALL_EVENTS = StreamFilter()


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """Stream the domain events of an organization as they are recorded, each once and in order."""

    follower: LogFollower
    limits: StreamLimits
    access_control: AccessControl
    clock: Clock
    metrics: Metrics

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        until: datetime,
        event_filter: StreamFilter = _ALL_EVENTS,
        cursor: str | None = None,
    ) -> "EventStream":
        """Return the stream, which ends when the caller's token expires at `until`. Close it afterwards.

        It starts after the cursor, or from now on. Raises `CursorInvalid`, `CursorExpired`,
        `TooManyStreams`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.STREAM, organization_id)
        start = parse_cursor(cursor) if cursor is not None else None
        release = self.limits.acquire(actor)
        try:
            subscription = await self.follower.follow(organization, event_filter, start)
        except BaseException:
            release()
            raise
        return EventStream(self, actor, organization_id, until=until, subscription=subscription, release=release)

    def close(self) -> None:
        """End all streams because the process stops. Each caller can continue from its cursor."""
        self.follower.close()


class EventStream:
    """The stream of one caller. It ends within a minute after the caller loses access."""

    def __init__(
        self,
        use_case: StreamEvents,
        actor: Actor,
        organization_id: UUID,
        *,
        until: datetime,
        subscription: Subscription,
        release: Callable[[], None],
    ) -> None:
        self._use_case = use_case
        self._actor = actor
        self._organization_id = organization_id
        self._until = until
        self._subscription = subscription
        self._release = release
        self._check_at = use_case.clock.now() + ACCESS_CHECK_INTERVAL

    @property
    def cursor(self) -> int:
        """The caller has received all matching events up to this id."""
        return self._subscription.cursor

    async def next(self, *, within: float) -> Sequence[RecordedEvent]:
        """Return the next events when there are some, or none after `within` seconds or somewhat earlier.

        Raises `StreamEnded`. During an outage of the database it waits; the events are returned afterwards.
        """
        now = self._use_case.clock.now()
        if now >= self._until:
            raise StreamEnded(EndReason.SIGN_IN_EXPIRED)
        try:
            if now >= self._check_at:
                await self._check()
            remaining = min(self._until, self._check_at) - now
            events = await self._subscription.next(within=min(within, max(remaining.total_seconds(), 0)))
        except (StorageUnavailable, StorageTooSlow):
            await asyncio.sleep(_OUTAGE_DELAY_SECONDS)
            return []
        if events:
            lag = self._use_case.clock.now() - events[-1].recorded_at
            self._use_case.metrics.observe_stream_lag(max(lag.total_seconds(), 0.0))
        return events

    def close(self) -> None:
        """Release the stream. The caller calls this once, also after an error."""
        self._subscription.close()
        self._release()

    async def _check(self) -> None:
        """Raise `StreamEnded` if the caller may not read the stream any more."""
        use_case = self._use_case
        try:
            await use_case.access_control.require(self._actor, Action.STREAM, self._organization_id)
        except (OrganizationNotFound, ActionForbidden):
            raise StreamEnded(EndReason.ACCESS_ENDED) from None
        self._check_at = use_case.clock.now() + ACCESS_CHECK_INTERVAL
