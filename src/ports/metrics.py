from typing import Protocol

from core.domain.events import EventStatus


class Metrics(Protocol):
    """Counts what happens, for whoever watches.

    Never raises and never waits: it is called on the hot path and costs a few microseconds at most.
    """

    def received(self, count: int, duplicates: int) -> None:
        """Count deliveries answered as durable, and how many of them were known before."""

    def refused(self, reason: str) -> None:
        """Count one request that was no delivery we accept; `reason` is one of a few stable words."""

    def group(self, size: int) -> None:
        """Count one durable commit of `size` deliveries together."""

    def settled(self, status: EventStatus, count: int) -> None:
        """Count events whose processing ended this way."""

    def recovered(self, count: int) -> None:
        """Count deliveries fetched from a provider's log because they had not arrived."""

    def recovery(self, provider: str, *, missing: int, behind: float) -> None:
        """Tell how many deliveries are known to be missing, and how many seconds ago the log was compared."""

    def called(self, method: str, status: str, seconds: float) -> None:
        """Count one call over gRPC, by its method and how it ended, and how long it took."""

    def oldest_due(self, seconds: float) -> None:
        """Tell how long the longest-waiting due event has waited; 0 when nothing is due."""
