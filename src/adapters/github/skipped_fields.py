from dataclasses import dataclass, field

import structlog

from ports.telemetry import Metrics

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class SkippedFields:
    """The skipped fields of a text: their number by path, and the first reason at each path."""

    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, reason: str) -> None:
        """Count one field. Paths come from declared types, so their number is limited."""
        self.counts[path] = self.counts.get(path, 0) + 1
        self.reasons.setdefault(path, reason)


class SkippedFieldReporter:
    """Counts skipped fields as metrics, and logs each source and field once per process.

    A source is an event type or a response type, and a field is a path of a declared type.
    """

    def __init__(self, provider: str, metrics: Metrics | None) -> None:
        self._provider = provider
        self._metrics = metrics
        self._logged: set[tuple[str, str]] = set()

    def report(self, source: str, skipped: SkippedFields) -> None:
        """Count and log the skipped fields of a text."""
        for path, count in skipped.counts.items():
            if self._metrics is not None:
                self._metrics.count_skipped_fields(self._provider, source, path, count)
            if (source, path) not in self._logged:
                self._logged.add((source, path))
                _log.warning("provider_field_skipped", source=source, field=path, reason=skipped.reasons[path])
