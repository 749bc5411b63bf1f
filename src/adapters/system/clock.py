from datetime import UTC, datetime

from ports.system import Clock


class SystemClock(Clock):
    """The operating system's clock."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        return datetime.now(UTC)
