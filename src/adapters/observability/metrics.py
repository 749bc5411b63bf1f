import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from core.domain.events import EventStatus
from ports.metrics import Metrics

_GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class PrometheusMetrics(Metrics):
    """Figures for Prometheus.

    Where `PROMETHEUS_MULTIPROC_DIR` names a directory when the process starts, all processes with the same
    one are counted together, and any of them answers for all; it is emptied when the service starts.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._received = Counter(
            "crewkit_git_deliveries_received",
            "Deliveries answered as durable, duplicates among them.",
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

    def received(self, count: int, duplicates: int) -> None:
        """Add to both counters."""
        self._received.inc(count)
        if duplicates:
            self._duplicates.inc(duplicates)

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

    def exposition(self) -> bytes:
        """Write out all figures, of all processes, in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]  # the library leaves it so
        return generate_latest(everyone)
