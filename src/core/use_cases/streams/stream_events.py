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
    """Bounds how many streams this process serves, and how many a user and a service may have.

    A stream of a service that acts for a user counts for both: a service cannot have more by naming many
    users, nor a user by using many services.
    """

    def __init__(self, metrics: Metrics, *, most: int = MAX_STREAMS, most_of_one: int = MAX_STREAMS_OF_ONE) -> None:
        self._metrics = metrics
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._all = 0

    def take(self, actor: Actor) -> Callable[[], None]:
        """Take a place and return what gives it back; raises `TooManyStreams`."""
        names = _names(actor)
        for kind, name in names.items():
            if self._taken[name] >= self._most_of_one:
                raise TooManyStreams(
                    f"This {kind} has {self._most_of_one} open streams, which is the limit. Close a stream, "
                    "or try again later.",
                    retry_after=_RETRY_AFTER,
                )
        if self._all >= self._most:
            raise TooManyStreams(
                "This process has reached its limit of open streams. Try again later.", retry_after=_RETRY_AFTER
            )
        self._taken.update(names.values())
        self._all += 1
        self._metrics.set_open_streams(self._all)

        def give_back() -> None:
            self._all -= 1
            self._metrics.set_open_streams(self._all)
            self._taken.subtract(names.values())
            for name in names.values():
                if not self._taken[name]:
                    del self._taken[name]

        return give_back


def _names(actor: Actor) -> dict[str, str]:
    """Return whose stream it is, by kind."""
    if not isinstance(actor, ServiceActor):
        return {"user": actor.name}
    names = {"service": f"service:{actor.service}"}
    if actor.acting_user is not None:
        names["user"] = actor.acting_user.name
    return names


ACCESS_CHECK_INTERVAL = timedelta(seconds=60)
_OUTAGE = 1.0
_ANY = StreamFilter()


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """Tell what happens in an organization, as it happens, each event once and in order."""

    tail: LogFollower
    places: StreamLimits
    access_control: AccessControl
    clock: Clock
    metrics: Metrics

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        until: datetime,
        wanted: StreamFilter = _ANY,
        cursor: str | None = None,
    ) -> "EventStream":
        """Return the stream, to be entered and left; it ends when the caller's token does.

        It begins after the cursor, or without one from now on. Raises `CursorInvalid`, `CursorExpired`,
        `TooManyStreams`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.STREAM, organization_id)
        begin = parse_cursor(cursor) if cursor is not None else None
        give_back = self.places.take(actor)
        try:
            following = await self.tail.follow(organization, wanted, begin)
        except BaseException:
            give_back()
            raise
        return EventStream(self, actor, organization_id, until=until, following=following, give_back=give_back)

    def close(self) -> None:
        """End every stream, since the process stops; each caller knows where to go on."""
        self.tail.close()


class EventStream:
    """One caller's stream; who may not read it any more is told nothing any more, a minute later at most."""

    def __init__(
        self,
        of: StreamEvents,
        actor: Actor,
        organization_id: UUID,
        *,
        until: datetime,
        following: Subscription,
        give_back: Callable[[], None],
    ) -> None:
        self._of = of
        self._actor = actor
        self._organization_id = organization_id
        self._until = until
        self._following = following
        self._give_back = give_back
        self._check_at = of.clock.now() + ACCESS_CHECK_INTERVAL

    @property
    def cursor(self) -> int:
        """Where to go on: everything wanted up to here has been returned."""
        return self._following.cursor

    async def next(self, *, within: float) -> Sequence[RecordedEvent]:
        """Return the next events as soon as there are some, none after so many seconds or somewhat earlier.

        Raises `StreamEnded`. An outage of the database's is waited out: what happens then is told after it.
        """
        now = self._of.clock.now()
        if now >= self._until:
            raise StreamEnded(EndReason.SIGN_IN_EXPIRED)
        try:
            if now >= self._check_at:
                await self._check()
            left = min(self._until, self._check_at) - now
            told = await self._following.next(within=min(within, max(left.total_seconds(), 0)))
        except (StorageUnavailable, StorageTooSlow):
            await asyncio.sleep(_OUTAGE)
            return []
        if told:
            lag = self._of.clock.now() - told[-1].recorded_at
            self._of.metrics.observe_stream_lag(max(lag.total_seconds(), 0.0))
        return told

    def leave(self) -> None:
        """End it from the caller's side; called once, whatever happened."""
        self._following.leave()
        self._give_back()

    async def _check(self) -> None:
        """Ask again whether the caller may read this; raises `StreamEnded` where they may not."""
        of = self._of
        try:
            await of.access_control.require(self._actor, Action.STREAM, self._organization_id)
        except (OrganizationNotFound, ActionForbidden):
            raise StreamEnded(EndReason.ACCESS_ENDED) from None
        self._check_at = of.clock.now() + ACCESS_CHECK_INTERVAL
