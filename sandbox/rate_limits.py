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
    """What one credential's owner used since the window opened."""

    ends_at: datetime
    used: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the `x-ratelimit` headers say."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Return how many more requests the hour allows."""
        return max(0, self.limit - self.used)


@dataclass(slots=True)
class RateLimits:
    """Count requests per hour and points per minute, by whom the credential belongs to.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    hours: dict[Hashable, Window] = field(default_factory=dict)
    minutes: dict[Hashable, Window] = field(default_factory=dict)
    under_way: dict[Hashable, int] = field(default_factory=dict)

    def quota(self, owner: Hashable, now: datetime, behaviour: Behaviour) -> Quota:
        """Return what is left, counting nothing."""
        window = _open(self.hours, owner, now, _HOUR)
        return Quota(behaviour.requests_per_hour, window.used, int(window.ends_at.timestamp()))

    def exceeded(self, owner: Hashable, now: datetime, behaviour: Behaviour, *, points: int) -> str | None:
        """Count a request, and say which limit refuses it: `primary`, `secondary` or none."""
        hour = _open(self.hours, owner, now, _HOUR)
        if hour.used >= behaviour.requests_per_hour:
            return "primary"
        minute = _open(self.minutes, owner, now, _MINUTE)
        if minute.used + points > behaviour.points_per_minute:
            return "secondary"
        if self.under_way.get(owner, 0) >= behaviour.concurrent_requests:
            return "secondary"
        hour.used += 1
        minute.used += points
        return None

    @contextmanager
    def counted(self, owner: Hashable) -> Iterator[None]:
        """Count a request as under way for the length of the block."""
        self.under_way[owner] = self.under_way.get(owner, 0) + 1
        try:
            yield
        finally:
            self.under_way[owner] -= 1

    def give_back(self, owner: Hashable) -> None:
        """Take a request out of the hour: one answered by 304 is free."""
        self.hours[owner].used -= 1


def _open(windows: dict[Hashable, Window], owner: Hashable, now: datetime, length: timedelta) -> Window:
    window = windows.get(owner)
    if window is None or window.ends_at <= now or window.ends_at > now + length:
        window = windows[owner] = Window(now + length)
    return window
