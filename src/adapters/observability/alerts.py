import structlog

from ports.system import Alerts

_log = structlog.get_logger(__name__)


class LoggedAlerts(Alerts):
    """Writes alerts to the log at level error, under the event name `alert`."""

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Write one line."""
        _log.error("alert", code=code, message=message, **facts)
