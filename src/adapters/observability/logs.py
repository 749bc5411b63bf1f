import logging
import sys
from datetime import UTC, datetime

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from adapters.observability.redaction import redact
from ports.system import Alerts

_log = structlog.get_logger(__name__)

# Their INFO lines repeat lines of this service, or contain URLs. psycopg and its pool also log a warning for
# each failed attempt to connect; this service logs an outage once.
_MIN_LEVELS = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "alembic.runtime.plugins": logging.WARNING,
    "psycopg": logging.ERROR,
}


def configure_logs(*, level: str, development: bool = False) -> None:
    """Write all log lines of this process, including those of libraries, to standard error.

    Each line is one JSON object with `time`, `level`, `event` and the keys in `log_fields`. In development
    the lines are readable text. Tokens, secrets and signatures are redacted. Call this once, at the start.
    """
    out = sys.stderr
    structlog.configure(
        processors=_build_processors(development=development, colors=out.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(structlog.WriteLoggerFactory(out) if development else structlog.BytesLoggerFactory(out.buffer)),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forwarder()]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        library_logger = logging.getLogger(name)
        library_logger.handlers = []
        library_logger.propagate = True
    for name, min_level in _MIN_LEVELS.items():
        logging.getLogger(name).setLevel(min_level)
    logging.captureWarnings(capture=True)


class _Forwarder(logging.Handler):
    """Forwards the log records of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record."""
        _log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or False)


def _build_processors(*, development: bool, colors: bool) -> list[Processor]:
    if not development:
        return [_render_line]
    console = structlog.dev.ConsoleRenderer(
        colors=colors, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )
    return [_render, console]


def _render_line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    return msgspec.json.encode(_render(logger, method, event))


def _render(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Return the content of a log line. One function, because a chain of processors is slower per request."""
    if "exc_info" in event:
        # Format the exception before redaction, because its message can contain a secret.
        event = structlog.processors.format_exc_info(logger, method, event)
    fields = {"event": event.pop("event", None), **structlog.contextvars.get_contextvars(), **event}
    return {"time": datetime.now(UTC), "level": method, **redact(fields)}


class LoggedAlerts(Alerts):
    """Writes alerts to the log at level error, under the event name `alert`."""

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Write one line."""
        _log.error("alert", code=code, message=message, **facts)
