import structlog

from adapters.github.decoding.tolerant import SkippedFields
from ports.telemetry import Metrics

_log = structlog.get_logger(__name__)


class SkippedFieldReporter:
    """Counts the odd parts of payloads and answers, and logs each source and field once per process.

    A source is an event type or the name of an answer, and a field is a path of our own shapes, so there
    are few.
    """

    def __init__(self, provider: str, metrics: Metrics | None) -> None:
        self._provider = provider
        self._metrics = metrics
        self._logged: set[tuple[str, str]] = set()

    def report(self, source: str, skipped: SkippedFields) -> None:
        """Count and log the odd parts of one text."""
        for path, count in skipped.counts.items():
            if self._metrics is not None:
                self._metrics.count_skipped_fields(self._provider, source, path, count)
            if (source, path) not in self._logged:
                self._logged.add((source, path))
                _log.warning("provider_field_skipped", source=source, field=path, reason=skipped.reasons[path])
