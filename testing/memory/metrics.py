from collections import Counter

from core.domain.events.event import EventStatus
from core.domain.integrations.installation_checks import CheckOutcome
from ports.housekeeping import BacklogGauges
from ports.telemetry import Metrics


class MemoryMetrics(Metrics):
    """Figures kept in plain fields, for tests and for processes nobody scrapes."""

    def __init__(self) -> None:
        self.received_deliveries = 0
        self.duplicates = 0
        self.refusals: Counter[str] = Counter()
        self.groups: list[int] = []
        self.results: Counter[EventStatus] = Counter()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.oldest_due_seconds = 0.0
        self.is_writable: bool | None = None
        self.recovered_deliveries = 0
        self.recoveries: dict[str, tuple[int, float]] = {}
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.asks: Counter[tuple[str, str]] = Counter()
        self.budgets: dict[tuple[str, str, str], float] = {}
        self.breakers: dict[str, bool] = {}
        self.odd: Counter[tuple[str, str, str]] = Counter()
        self.mismatches: Counter[tuple[str, str]] = Counter()
        self.mints: Counter[tuple[str, str]] = Counter()
        self.last_backlog = BacklogGauges()
        self.checks: Counter[tuple[str, CheckOutcome]] = Counter()
        self.overdue_checks: dict[str, float] = {}
        self.open_streams = 0
        self.lags: list[float] = []
        self.replays = 0

    def count_installation_check(self, provider: str, outcome: CheckOutcome) -> None:
        """Count the check."""
        self.checks[provider, outcome] += 1

    def set_installation_check_delay(self, provider: str, *, overdue_seconds: float) -> None:
        """Keep the latest figure of the provider."""
        self.overdue_checks[provider] = overdue_seconds

    def count_received(self, count: int, duplicates: int) -> None:
        """Add to both figures."""
        self.received_deliveries += count
        self.duplicates += duplicates

    def count_replayed(self, count: int) -> None:
        """Add to the figure."""
        self.replays += count

    def count_rejected(self, reason: str) -> None:
        """Add one under this reason."""
        self.refusals[reason] += 1

    def observe_group_commit(self, size: int) -> None:
        """Remember the size."""
        self.groups.append(size)

    def count_results(self, status: EventStatus, count: int) -> None:
        """Add to this status's figure."""
        self.results[status] += count

    def count_recovered(self, count: int) -> None:
        """Add to the figure."""
        self.recovered_deliveries += count

    def set_recovery_state(self, provider: str, *, missing: int, behind: float) -> None:
        """Remember the latest figures of the provider."""
        self.recoveries[provider] = missing, behind

    def observe_grpc_call(self, method: str, status: str, seconds: float) -> None:  # noqa: ARG002 - the port's signature
        """Add one to the figure of this method and ending."""
        self.calls[method, status] += 1

    def set_oldest_due(self, seconds: float) -> None:
        """Remember the latest figure."""
        self.oldest_due_seconds = seconds

    def observe_http_request(self, method: str, route: str, status: int, seconds: float) -> None:  # noqa: ARG002 - the port's signature
        """Add one to the figure of this method, route and status."""
        self.answers[method, route, status] += 1

    def observe_provider_request(self, provider: str, outcome: str, seconds: float) -> None:  # noqa: ARG002 - the port's signature
        """Add one to the figure of this provider and outcome."""
        self.asks[provider, outcome] += 1

    def set_rate_limit_remaining(self, provider: str, kind: str, installation: str, left: float) -> None:
        """Remember the latest figure of this kind or installation."""
        self.budgets[provider, kind, installation] = left

    def set_circuit_breaker(self, provider: str, *, is_open: bool) -> None:
        """Remember how it is."""
        self.breakers[provider] = is_open

    def count_skipped_fields(self, provider: str, source: str, field: str, count: int) -> None:
        """Add to the figure of this field."""
        self.odd[provider, source, field] += count

    def count_event_name_mismatch(self, provider: str, event_type: str) -> None:
        """Add one to the figure of this event type."""
        self.mismatches[provider, event_type] += 1

    def count_token_request(self, provider: str, outcome: str) -> None:
        """Add one to the figure of this outcome."""
        self.mints[provider, outcome] += 1

    def set_backlog(self, gauges: BacklogGauges) -> None:
        """Remember the latest."""
        self.last_backlog = gauges

    def set_open_streams(self, count: int) -> None:
        """Remember the latest figure."""
        self.open_streams = count

    def set_writable(self, *, is_writable: bool) -> None:
        """Remember the latest."""
        self.is_writable = is_writable

    def observe_stream_lag(self, seconds: float) -> None:
        """Remember each."""
        self.lags.append(seconds)
