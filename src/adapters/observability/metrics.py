import os
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from core.domain.events.event import EventStatus
from core.domain.integrations.installation_checks import CheckOutcome
from ports.housekeeping import BacklogGauges
from ports.telemetry import Metrics

_BACKLOG = {
    "events_waiting": "Pending webhook events. The count stops at 100,000.",
    "events_failed": "Failed webhook events, which need a manual retry. The count stops at 100,000.",
    "events_unrouted": "Webhook events of installations that are not connected. The count stops at 100,000.",
    "integrations_suspended": "Suspended integrations.",
    "revocations_waiting": "User tokens that are still to be revoked at the provider.",
    "catalog_oldest_sync_seconds": (
        "Seconds since the last successful sync of the most outdated repository catalog. Counts only active "
        "integrations whose catalog has been synced at least once."
    ),
}
# Unknown HTTP methods are counted as "other" so that clients cannot create new time series.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# Each installation is one time series per process. Above this number, installations share one series.
_MAX_INSTALLATIONS = 1000
_OTHERS = "others"
_GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class PrometheusMetrics(Metrics):
    """Metrics for Prometheus.

    If `PROMETHEUS_MULTIPROC_DIR` is set when the process starts, all processes that use this directory share
    their metrics, and each of them returns the metrics of all. The directory is emptied when the service
    starts. The `process_*` metrics (CPU, memory, open files) always describe the process that responds.
    """

    def __init__(self) -> None:
        # Without this, each counter and histogram has a second series with its time of creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        counter = partial(Counter, registry=self._registry)
        histogram = partial(Histogram, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry)
        # If several processes measure a value, the latest value is correct.
        latest = partial(Gauge, registry=self._registry, multiprocess_mode="mostrecent")
        self._received = counter(
            "crewkit_git_deliveries_received",
            "Webhook deliveries received or fetched from the provider's delivery log, with any receipt: "
            "accepted, duplicate, replayed or retried.",
        )
        self._replayed = counter(
            "crewkit_git_deliveries_replayed",
            "Webhook deliveries with the body of an earlier delivery but a different delivery id.",
        )
        self._duplicates = counter(
            "crewkit_git_deliveries_duplicate",
            "Webhook deliveries that changed nothing, because their delivery id or their body was received "
            "before. Includes crewkit_git_deliveries_replayed_total.",
        )
        self._refused = counter("crewkit_git_deliveries_refused", "Webhook requests rejected, by reason.", ["reason"])
        self._group = histogram(
            "crewkit_git_delivery_group_size",
            "Webhook deliveries handled together, usually in one database commit.",
            buckets=_GROUP_SIZES,
        )
        settled = counter(
            "crewkit_git_events_settled",
            "Attempts to process a webhook event, by the status of the event after the attempt. If it is "
            "pending, the service tries again.",
            ["status"],
        )
        self._settled = {status: settled.labels(status.value) for status in EventStatus}
        self._oldest_due = latest(
            "crewkit_git_events_oldest_due_seconds",
            "Seconds since the oldest due webhook event was received, 0 if no event is due. For a retried "
            "event, this includes the time before the retry.",
        )
        # Every process has all metrics, so only their values show whether a scheduler runs.
        self._scheduler_ran_at = gauge(
            "crewkit_git_scheduler_last_run_timestamp_seconds",
            "Unix time at which a scheduler last looked for due webhook events. 0 in other processes.",
            multiprocess_mode="max",
        )
        self._recovered = counter(
            "crewkit_git_deliveries_recovered", "Missing webhook deliveries fetched from the provider's delivery log."
        )
        self._missing = latest(
            "crewkit_git_deliveries_missing",
            "Webhook deliveries in the provider's delivery log that are not in the database, without those "
            "that cannot be fetched.",
            ["provider"],
        )
        self._behind = latest(
            "crewkit_git_recovery_behind_seconds",
            "Seconds since the service last compared the provider's complete delivery log with the stored "
            "webhook events. Updated at the start and end of each recovery run. The value grows from run to "
            "run if the runs stop before the comparison is complete.",
            ["provider"],
        )
        self._calls = histogram(
            "crewkit_git_grpc_call_seconds",
            "Duration of gRPC calls in seconds, by method and status. A stream counts as one call.",
            ["method", "status"],
        )
        self._calls_of: dict[tuple[str, str], Histogram] = {}
        self._answers = histogram(
            "crewkit_git_http_request_seconds",
            "Duration of HTTP requests in seconds, without webhooks. The status is a class, such as 5xx.",
            ["method", "route", "status"],
        )
        self._answers_of: dict[tuple[str, str, int], Histogram] = {}
        self._provider_calls = histogram(
            "crewkit_git_provider_call_seconds",
            "Duration of requests to a provider in seconds, by provider and outcome.",
            ["provider", "outcome"],
        )
        self._budget = latest(
            "crewkit_git_provider_budget_left_ratio",
            "Remaining fraction of the provider's hourly rate limit, by credential type and installation.",
            ["provider", "kind", "installation"],
        )
        self._installations: set[str] = set()
        self._breaker = gauge(
            "crewkit_git_provider_breaker_open",
            "1 if the provider's circuit breaker is open, so that requests fail immediately.",
            ["provider"],
            multiprocess_mode="livemax",
        )
        self._skipped_fields = counter(
            "crewkit_git_provider_odd_parts",
            "Optional fields of payloads and responses that were skipped because of a wrong type.",
            ["provider", "source", "field"],
        )
        self._mismatches = counter(
            "crewkit_git_event_name_mismatches",
            "Webhook deliveries ignored because the payload does not match the event type in the header.",
            ["provider", "event_type"],
        )
        self._minted = counter(
            "crewkit_git_installation_tokens",
            "Installation token requests, by outcome: minted, the code of the error, or left (cancelled or "
            "an unexpected error).",
            ["provider", "outcome"],
        )
        self._backlog = {name: latest(f"crewkit_git_{name}", about) for name, about in _BACKLOG.items()}
        self._checks = counter(
            "crewkit_git_installation_checks", "Installation checks, by outcome.", ["provider", "outcome"]
        )
        self._overdue_checks = latest(
            "crewkit_git_installation_checks_overdue_seconds",
            "Seconds since the daily installation check that waits longest became due, 0 if none is due.",
            ["provider"],
        )
        self._streams = gauge(
            "crewkit_git_streams_open", "Open event streams, over REST and gRPC.", multiprocess_mode="livesum"
        )
        self._writable = gauge(
            "crewkit_git_database_writable",
            "1 if the last test write to the database succeeded, 0 if it failed.",
            multiprocess_mode="livemin",
        )
        self._stream_lag = histogram(
            "crewkit_git_stream_lag_seconds", "Seconds from storing a domain event to sending it to a stream."
        )

    def count_installation_check(self, provider: str, outcome: CheckOutcome) -> None:
        """Count the check."""
        self._checks.labels(provider, outcome.value).inc()

    def set_installation_check_delay(self, provider: str, *, overdue_seconds: float) -> None:
        """Set the gauge of the provider."""
        self._overdue_checks.labels(provider).set(overdue_seconds)

    def count_received(self, count: int, duplicates: int) -> None:
        """Add to both counters."""
        self._received.inc(count)
        if duplicates:
            self._duplicates.inc(duplicates)

    def count_replayed(self, count: int) -> None:
        """Add to the counter."""
        self._replayed.inc(count)

    def count_rejected(self, reason: str) -> None:
        """Add one under this reason."""
        self._refused.labels(reason).inc()

    def observe_group_commit(self, size: int) -> None:
        """Observe one group."""
        self._group.observe(size)

    def count_results(self, status: EventStatus, count: int) -> None:
        """Add to this status's counter."""
        self._settled[status].inc(count)

    def count_recovered(self, count: int) -> None:
        """Add to the counter."""
        self._recovered.inc(count)

    def set_recovery_state(self, provider: str, *, missing: int, behind: float) -> None:
        """Set both gauges."""
        self._missing.labels(provider).set(missing)
        self._behind.labels(provider).set(behind)

    def observe_grpc_call(self, method: str, status: str, seconds: float) -> None:
        """Observe one call."""
        key = method, status
        histogram = self._calls_of.get(key)
        if histogram is None:
            histogram = self._calls_of[key] = self._calls.labels(method, status)
        histogram.observe(seconds)

    def set_oldest_due(self, seconds: float) -> None:
        """Set the gauge, and the time of the scheduler's last run."""
        self._oldest_due.set(seconds)
        self._scheduler_ran_at.set_to_current_time()

    def observe_http_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Observe one request."""
        key = method, route, status // 100
        histogram = self._answers_of.get(key)
        if histogram is None:
            histogram = self._answers.labels(_normalize_method(method), route, f"{key[2]}xx")
            self._answers_of[key] = histogram
        histogram.observe(seconds)

    def observe_provider_request(self, provider: str, outcome: str, seconds: float) -> None:
        """Observe one call."""
        self._provider_calls.labels(provider, outcome).observe(seconds)

    def set_rate_limit_remaining(self, provider: str, kind: str, installation: str, left: float) -> None:
        """Set the gauge. Installations above the maximum share one time series."""
        if installation and installation not in self._installations:
            if len(self._installations) < _MAX_INSTALLATIONS:
                self._installations.add(installation)
            else:
                installation = _OTHERS
        self._budget.labels(provider, kind, installation).set(left)

    def set_circuit_breaker(self, provider: str, *, is_open: bool) -> None:
        """Set the gauge."""
        self._breaker.labels(provider).set(is_open)

    def count_skipped_fields(self, provider: str, source: str, field: str, count: int) -> None:
        """Add to this field's counter."""
        self._skipped_fields.labels(provider, source, field).inc(count)

    def count_event_name_mismatch(self, provider: str, event_type: str) -> None:
        """Add one for this event type."""
        self._mismatches.labels(provider, event_type).inc()

    def count_token_request(self, provider: str, outcome: str) -> None:
        """Add one to this outcome's counter."""
        self._minted.labels(provider, outcome).inc()

    def set_backlog(self, gauges: BacklogGauges) -> None:
        """Set all backlog gauges."""
        self._backlog["events_waiting"].set(gauges.pending_events)
        self._backlog["events_failed"].set(gauges.failed_events)
        self._backlog["events_unrouted"].set(gauges.unrouted_events)
        self._backlog["integrations_suspended"].set(gauges.suspended_integrations)
        self._backlog["revocations_waiting"].set(gauges.pending_revocations)
        self._backlog["catalog_oldest_sync_seconds"].set(gauges.oldest_sync_seconds)

    def set_open_streams(self, count: int) -> None:
        """Set the gauge."""
        self._streams.set(count)

    def set_writable(self, *, is_writable: bool) -> None:
        """Set the gauge."""
        self._writable.set(is_writable)

    def observe_stream_lag(self, seconds: float) -> None:
        """Observe one event."""
        self._stream_lag.observe(seconds)

    def exposition(self) -> bytes:
        """Return all metrics, of all processes, in the Prometheus text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry) + generate_latest(self._process)
        all_processes = CollectorRegistry()
        MultiProcessCollector(all_processes)  # type: ignore[no-untyped-call]  # untyped in the library
        return generate_latest(all_processes) + generate_latest(self._process)


def _normalize_method(method: str) -> str:
    return method if method in _METHODS else "other"
