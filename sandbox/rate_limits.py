from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.behaviour import Behaviour

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
READ_POINTS = 1
WRITE_POINTS = 5


@dataclass(slots=True)
class Window:
    """What the owner of a credential used since the start of a window."""

    ends_at: datetime
    used: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """The content of the `x-ratelimit` headers."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """How many more requests are allowed in this hour."""
        return max(0, self.limit - self.used)


@dataclass(slots=True)
class RateLimits:
    """Counts requests per hour and points per minute by the owner of the credential.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    hours: dict[Hashable, Window] = field(default_factory=dict)
    minutes: dict[Hashable, Window] = field(default_factory=dict)
    running: dict[Hashable, int] = field(default_factory=dict)

    def quota(self, owner: Hashable, now: datetime, behaviour: Behaviour) -> Quota:
        """Return the remaining quota without counting a request."""
        window = _get_window(self.hours, owner, now, _HOUR)
        return Quota(behaviour.requests_per_hour, window.used, int(window.ends_at.timestamp()))

    def check(self, owner: Hashable, now: datetime, behaviour: Behaviour, *, points: int) -> str | None:
        """Count a request. Return the exceeded limit, `primary` or `secondary`, or None."""
        hour = _get_window(self.hours, owner, now, _HOUR)
        if hour.used >= behaviour.requests_per_hour:
            return "primary"
        minute = _get_window(self.minutes, owner, now, _MINUTE)
        if minute.used + points > behaviour.points_per_minute:
            return "secondary"
        if self.running.get(owner, 0) >= behaviour.concurrent_requests:
            return "secondary"
        hour.used += 1
        minute.used += points
        return None

    @contextmanager
    def count_running(self, owner: Hashable) -> Iterator[None]:
        """Count a request as running during the block."""
        self.running[owner] = self.running.get(owner, 0) + 1
        try:
            yield
        finally:
            self.running[owner] -= 1

    def refund(self, owner: Hashable) -> None:
        """Subtract a request from the hour: a response with 304 is free."""
        self.hours[owner].used -= 1


def _get_window(windows: dict[Hashable, Window], owner: Hashable, now: datetime, length: timedelta) -> Window:
    window = windows.get(owner)
    if window is None or window.ends_at <= now or window.ends_at > now + length:
        window = windows[owner] = Window(now + length)
    return window
