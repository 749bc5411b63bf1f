from datetime import UTC, datetime, timedelta

from ports.system import Clock


class SettableClock(Clock):
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Stand at this time, which is aware."""
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Go on by this much."""
        self._now += by
