"""Metrics and traces."""

from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol

from core.domain.events.event import EventStatus
from core.domain.integrations.installation_checks import CheckOutcome
from ports.housekeeping import BacklogGauges


class Metrics(Protocol):
    """Records metrics for monitoring.

    Methods never raise and never wait. They run on the hot path and take a few microseconds at most.
    """

    def count_received(self, count: int, duplicates: int) -> None:
        """Count deliveries stored and acknowledged, and how many of them are duplicates."""

    def count_replayed(self, count: int) -> None:
        """Count deliveries with the body of an earlier delivery but a different delivery id."""

    def count_rejected(self, reason: str) -> None:
        """Count one rejected webhook request. `reason` is one of a small, fixed set of values."""

    def observe_group_commit(self, size: int) -> None:
        """Record one database commit that stored `size` deliveries."""

    def count_results(self, status: EventStatus, count: int) -> None:
        """Count processed webhook events by resulting status."""

    def count_recovered(self, count: int) -> None:
        """Count missing deliveries fetched from a provider's delivery log."""

    def set_recovery_state(self, provider: str, *, missing: int, behind: float) -> None:
        """Publish the number of missing deliveries and the seconds since the last complete log comparison."""

    def observe_grpc_call(self, method: str, status: str, seconds: float) -> None:
        """Record the duration of one gRPC call, by method and status."""

    def set_oldest_due(self, seconds: float) -> None:
        """Publish the seconds since the oldest due webhook event was received, or 0 if no event is due."""

    def observe_http_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record the duration of one HTTP request. Webhook deliveries are not included.

        `route` is the path template with names instead of ids, and not the path, so that clients cannot create new
        time series.
        """

    def observe_provider_request(self, provider: str, outcome: str, seconds: float) -> None:
        """Record one request to a provider: `answered`, the error category, or `unavailable`."""

    def set_rate_limit_remaining(self, provider: str, kind: str, installation: str, left: float) -> None:
        """Publish the remaining fraction of the hourly rate limit of a credential type or installation."""

    def set_circuit_breaker(self, provider: str, *, is_open: bool) -> None:
        """Publish whether the provider's circuit breaker is open."""

    def count_skipped_fields(self, provider: str, source: str, field: str, count: int) -> None:
        """Count optional fields of a payload or response that were skipped because of a wrong type.

        `source` is an event type or the name of a response type. `field` is a path in our own schema.
        """

    def count_event_name_mismatch(self, provider: str, event_type: str) -> None:
        """Count one payload that does not match the event type in its header."""

    def count_token_request(self, provider: str, outcome: str) -> None:
        """Count one installation token request: `minted`, the error code, or `left` (cancelled, a bug)."""

    def set_backlog(self, gauges: BacklogGauges) -> None:
        """Publish the backlog gauges."""

    def count_installation_check(self, provider: str, outcome: CheckOutcome) -> None:
        """Count one check of an installation with its provider."""

    def set_installation_check_delay(self, provider: str, *, overdue_seconds: float) -> None:
        """Publish how many seconds the most overdue daily check is late."""

    def set_open_streams(self, count: int) -> None:
        """Publish how many event streams this process has open."""

    def set_writable(self, *, is_writable: bool) -> None:
        """Publish whether the last test write to the database succeeded."""

    def observe_stream_lag(self, seconds: float) -> None:
        """Record the time from storing a domain event to sending it to a stream."""


class SpanRole(Enum):
    """The kind of a span: server, client or consumer of a queue."""

    SERVER = "answers"
    CLIENT = "asks"
    CONSUMER = "processes"
    """Work from a queue."""


class Span(Protocol):
    """An operation that is being traced."""

    def rename(self, name: str) -> None:
        """Set the name when it is known. Use a small, fixed set of names."""

    def set_attributes(self, **facts: str | int) -> None:
        """Add attributes. They must not contain secrets, email addresses or query strings."""

    def mark_failed(self, reason: str) -> None:
        """Mark the span as failed, with a stable reason."""


class Traces(Protocol):
    """Records traces across processes.

    Methods never raise and never wait for the network. Spans that cannot be sent are dropped. If tracing is off,
    there is no instance of this class, and tracing has no cost.
    """

    def start_span(
        self, name: str, role: SpanRole, *, parent: str | None = None, **facts: str | int
    ) -> AbstractContextManager[Span]:
        """Start a child span of the current span, or of `parent`. It ends with the block.

        An exception that leaves the block marks the span as failed. Only its type is recorded, because its message
        can contain secrets. A `parent` that cannot be parsed starts a new trace.
        """

    def get_traceparent(self) -> str | None:
        """Return the current span as a W3C `traceparent`, to continue the trace in another process."""
