from datetime import UTC, datetime, timedelta

from ports.system import Clock


class SettableClock(Clock):
    """A clock that changes only when a test sets it."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set the time, with its time zone."""
        self._now = now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Go on by this much."""
        self._now += by
