from typing import Protocol

from core.domain.census import Census
from core.domain.events import EventStatus
from core.domain.installation_checks import CheckOutcome


class Metrics(Protocol):
    """Counts what happens, for whoever watches.

    Never raises and never waits: it is called on the hot path and costs a few microseconds at most.
    """

    def received(self, count: int, duplicates: int) -> None:
        """Count deliveries answered as durable, and how many of them were known before."""

    def replayed(self, count: int) -> None:
        """Count deliveries whose signed bytes were received before under another delivery id."""

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

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request other than a delivery, and how many seconds its answer took.

        `route` is the template of the path, such as `/api/v1/{org_id}/events`, never the path itself: clients
        must not be able to create new time series.
        """

    def asked(self, provider: str, outcome: str, seconds: float) -> None:
        """Count one call of ours to a provider: `answered`, the kind of its refusal, or `unavailable`."""

    def budget(self, provider: str, kind: str, installation: str, left: float) -> None:
        """Tell which part of its calls of this hour a credential of a kind, or an installation, has left."""

    def breaker(self, provider: str, *, is_open: bool) -> None:
        """Tell whether calls to a provider fail at once, because it did not answer."""

    def odd_parts(self, provider: str, source: str, field: str, count: int) -> None:
        """Count optional parts of a payload or answer that had another type and were left out.

        `source` is an event type or the name of an answer, `field` a path of our own shapes.
        """

    def event_name_mismatch(self, provider: str, event_type: str) -> None:
        """Count one payload that does not have the marks of the event its header names."""

    def minted(self, provider: str, outcome: str) -> None:
        """Count one installation token asked for: `minted`, or the code of the refusal."""

    def census(self, census: Census) -> None:
        """Tell how much there is of what should be little."""

    def checked_installation(self, provider: str, outcome: CheckOutcome) -> None:
        """Count a check of an installation with its provider."""

    def installation_checks(self, provider: str, *, overdue_seconds: float) -> None:
        """Publish how late the most overdue daily check is."""

    def streams(self, count: int) -> None:
        """Tell how many streams of events this process serves."""

    def writable(self, *, is_writable: bool) -> None:
        """Record whether the database stored the last change that was tried."""

    def stream_lag(self, seconds: float) -> None:
        """Tell how long after it was recorded an event was given to a stream."""
