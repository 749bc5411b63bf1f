from collections.abc import Collection
from typing import Protocol


class WorkerNotifier(Protocol):
    """Wakes someone to drain a lane. It may be lost at any time; the sweep rings again.

    A ring that meets one not yet answered is swallowed, for at most 30 seconds.
    """

    def notify(self, lane: int) -> None:
        """Ask for a drain; returns at once, never raises, and never waits for the network."""

    async def notify_due(self, lanes: Collection[int]) -> None:
        """Ask for drains of lanes known to be due, swallowing none."""

    async def acknowledge(self, lane: int) -> None:
        """Let new rings through; called before the first look into the lane. Never raises."""
