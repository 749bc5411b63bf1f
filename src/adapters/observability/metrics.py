import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from core.domain.census import Census
from core.domain.events import EventStatus
from core.domain.installation_checks import CheckOutcome
from ports.metrics import Metrics

_CENSUS = {
    "events_waiting": "Events that are to be processed, up to 100,000.",
    "events_failed": "Events that were given up and wait for somebody, up to 100,000.",
    "events_unrouted": "Events whose installation is not connected, up to 100,000.",
    "integrations_suspended": "Integrations that are suspended.",
    "revocations_waiting": "Tokens that are to be revoked at a provider.",
    "catalog_oldest_sync_seconds": "How long ago the least current list of repositories was read.",
}
# Whoever makes up methods makes no figures.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# Each is a series in every process; of so many, those asked about later are told as one.
_MOST_INSTALLATIONS = 1000
_OTHERS = "others"
_GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class PrometheusMetrics(Metrics):
    """Figures for Prometheus.

    Where `PROMETHEUS_MULTIPROC_DIR` names a directory when the process starts, all processes with the same
    one are counted together, and any of them answers for all; it is emptied when the service starts. The
    `process_*` figures (CPU, memory, open files) are always those of the process that answers.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._received = Counter(
            "crewkit_git_deliveries_received",
            "Deliveries answered as durable, duplicates among them.",
            registry=self._registry,
        )
        self._replayed = Counter(
            "crewkit_git_deliveries_replayed",
            "Deliveries whose signed bytes were received before under another delivery id.",
            registry=self._registry,
        )
        self._duplicates = Counter(
            "crewkit_git_deliveries_duplicate",
            "Deliveries that were in the ledger before.",
            registry=self._registry,
        )
        self._refused = Counter(
            "crewkit_git_deliveries_refused",
            "Requests that were no delivery we accept.",
            ["reason"],
            registry=self._registry,
        )
        self._group = Histogram(
            "crewkit_git_delivery_group_size",
            "Deliveries per durable commit.",
            buckets=_GROUP_SIZES,
            registry=self._registry,
        )
        settled = Counter(
            "crewkit_git_events_settled",
            "Events processed, by how that ended; pending means it will be tried again.",
            ["status"],
            registry=self._registry,
        )
        self._settled = {status: settled.labels(status.value) for status in EventStatus}
        self._oldest_due = Gauge(
            "crewkit_git_events_oldest_due_seconds",
            "How long the longest-waiting due event has waited.",
            registry=self._registry,
            # The scheduler alone measures it; with several, the latest figure is the true one.
            multiprocess_mode="mostrecent",
        )

        self._recovered = Counter(
            "crewkit_git_deliveries_recovered",
            "Deliveries fetched from the provider's log because they had not arrived.",
            registry=self._registry,
        )
        self._missing = Gauge(
            "crewkit_git_deliveries_missing",
            "Deliveries known to be in the provider's log and not in the ledger.",
            ["provider"],
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._behind = Gauge(
            "crewkit_git_recovery_behind_seconds",
            "How long ago the provider's whole log was compared with the ledger, at the last try.",
            ["provider"],
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )

        self._calls = Histogram(
            "crewkit_git_grpc_call_seconds",
            "How long calls over gRPC took, by method and how they ended; a stream's whole life.",
            ["method", "status"],
            registry=self._registry,
        )
        self._calls_of: dict[tuple[str, str], Histogram] = {}
        self._answers = Histogram(
            "crewkit_git_http_request_seconds",
            "Duration of HTTP requests other than deliveries, by method, route and class of status.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._answers_of: dict[tuple[str, str, int], Histogram] = {}
        self._asked = Histogram(
            "crewkit_git_provider_call_seconds",
            "How long calls to a provider took, by how they ended.",
            ["provider", "outcome"],
            registry=self._registry,
        )
        self._budget = Gauge(
            "crewkit_git_provider_budget_left_ratio",
            "Which part of its calls of this hour a kind of credential, or an installation, has left.",
            ["provider", "kind", "installation"],
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._installations: set[str] = set()
        self._breaker = Gauge(
            "crewkit_git_provider_breaker_open",
            "1 while calls to a provider fail at once because it did not answer.",
            ["provider"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._odd_parts = Counter(
            "crewkit_git_provider_odd_parts",
            "Optional parts of payloads and answers that were skipped because they had the wrong type.",
            ["provider", "source", "field"],
            registry=self._registry,
        )
        self._mismatches = Counter(
            "crewkit_git_event_name_mismatches",
            "Payloads that do not match the event name of their header. They are ignored.",
            ["provider", "event_type"],
            registry=self._registry,
        )
        self._minted = Counter(
            "crewkit_git_installation_tokens",
            "Installation tokens asked for, by what came of it: minted, or the code of the refusal.",
            ["provider", "outcome"],
            registry=self._registry,
        )
        self._census = {
            name: Gauge(f"crewkit_git_{name}", about, registry=self._registry, multiprocess_mode="mostrecent")
            for name, about in _CENSUS.items()
        }
        self._checks = Counter(
            "crewkit_git_installation_checks",
            "Checks of installations with their provider, by outcome.",
            ["provider", "outcome"],
            registry=self._registry,
        )
        self._overdue_checks = Gauge(
            "crewkit_git_installation_checks_overdue_seconds",
            "How many seconds the most overdue daily check of an installation is late.",
            ["provider"],
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._streams = Gauge(
            "crewkit_git_streams_open",
            "Streams of events that are served, over REST and gRPC.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._writable = Gauge(
            "crewkit_git_database_writable",
            "1 if the last test write to the database succeeded, 0 if not (full disk, read-only).",
            registry=self._registry,
            multiprocess_mode="livemin",
        )
        self._stream_lag = Histogram(
            "crewkit_git_stream_lag_seconds",
            "How long after an event was recorded it was given to a stream.",
            registry=self._registry,
        )

    def checked_installation(self, provider: str, outcome: CheckOutcome) -> None:
        """Count the check."""
        self._checks.labels(provider, outcome.value).inc()

    def installation_checks(self, provider: str, *, overdue_seconds: float) -> None:
        """Set the gauge of the provider."""
        self._overdue_checks.labels(provider).set(overdue_seconds)

    def received(self, count: int, duplicates: int) -> None:
        """Add to both counters."""
        self._received.inc(count)
        if duplicates:
            self._duplicates.inc(duplicates)

    def replayed(self, count: int) -> None:
        """Add to the counter."""
        self._replayed.inc(count)

    def refused(self, reason: str) -> None:
        """Add one under this reason."""
        self._refused.labels(reason).inc()

    def group(self, size: int) -> None:
        """Observe one group."""
        self._group.observe(size)

    def settled(self, status: EventStatus, count: int) -> None:
        """Add to this status's counter."""
        self._settled[status].inc(count)

    def recovered(self, count: int) -> None:
        """Add to the counter."""
        self._recovered.inc(count)

    def recovery(self, provider: str, *, missing: int, behind: float) -> None:
        """Set both gauges."""
        self._missing.labels(provider).set(missing)
        self._behind.labels(provider).set(behind)

    def called(self, method: str, status: str, seconds: float) -> None:
        """Observe one call."""
        key = method, status
        known = self._calls_of.get(key)
        if known is None:
            known = self._calls_of[key] = self._calls.labels(method, status)
        known.observe(seconds)

    def oldest_due(self, seconds: float) -> None:
        """Set the gauge."""
        self._oldest_due.set(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Observe one request."""
        key = method, route, status // 100
        known = self._answers_of.get(key)
        if known is None:
            known = self._answers.labels(_known_method(method), route, f"{key[2]}xx")
            self._answers_of[key] = known
        known.observe(seconds)

    def asked(self, provider: str, outcome: str, seconds: float) -> None:
        """Observe one call."""
        self._asked.labels(provider, outcome).observe(seconds)

    def budget(self, provider: str, kind: str, installation: str, left: float) -> None:
        """Set the gauge of this kind and installation; of very many, those that come late share one."""
        known = self._installations
        if installation and installation not in known:
            if len(known) < _MOST_INSTALLATIONS:
                known.add(installation)
            else:
                installation = _OTHERS
        self._budget.labels(provider, kind, installation).set(left)

    def breaker(self, provider: str, *, is_open: bool) -> None:
        """Set the gauge."""
        self._breaker.labels(provider).set(is_open)

    def odd_parts(self, provider: str, source: str, field: str, count: int) -> None:
        """Add to this field's counter."""
        self._odd_parts.labels(provider, source, field).inc(count)

    def event_name_mismatch(self, provider: str, event_type: str) -> None:
        """Add one for this event type."""
        self._mismatches.labels(provider, event_type).inc()

    def minted(self, provider: str, outcome: str) -> None:
        """Add one to this outcome's counter."""
        self._minted.labels(provider, outcome).inc()

    def census(self, census: Census) -> None:
        """Set all of its gauges."""
        counted = {
            "events_waiting": census.waiting,
            "events_failed": census.failed,
            "events_unrouted": census.unrouted,
            "integrations_suspended": census.suspended,
            "revocations_waiting": census.revoking,
            "catalog_oldest_sync_seconds": census.oldest_sync,
        }
        for name, value in counted.items():
            self._census[name].set(value)

    def streams(self, count: int) -> None:
        """Set the gauge."""
        self._streams.set(count)

    def writable(self, *, is_writable: bool) -> None:
        """Set the gauge."""
        self._writable.set(is_writable)

    def stream_lag(self, seconds: float) -> None:
        """Observe one event."""
        self._stream_lag.observe(seconds)

    def exposition(self) -> bytes:
        """Write out all figures, of all processes, in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry) + generate_latest(self._process)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]  # the library leaves it so
        return generate_latest(everyone) + generate_latest(self._process)


def _known_method(method: str) -> str:
    return method if method in _METHODS else "other"
