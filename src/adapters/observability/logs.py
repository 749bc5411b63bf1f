import logging
import sys
from datetime import UTC, datetime

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from adapters.observability.redaction import redact

_log = structlog.get_logger(__name__)

# What they say at INFO is said by our own lines, or repeats URLs.
_QUIETER = ("httpx", "httpcore", "uvicorn.access", "alembic.runtime.plugins")


def configure_logs(*, level: str, development: bool = False) -> None:
    """Send every log line of this process, of whichever library, to standard error.

    JSON, one object a line, with `time`, `level`, `event` and the keys of `log_fields`; readable text in
    development. Nothing that looks like a token, secret or signature gets through. Called once, at the start.
    """
    out = sys.stderr
    structlog.configure(
        processors=_processors(development=development, colors=out.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.WriteLoggerFactory(out) if development else structlog.BytesLoggerFactory(out.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forwarder()]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        theirs = logging.getLogger(name)
        theirs.handlers = []
        theirs.propagate = True
    for name in _QUIETER:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _Forwarder(logging.Handler):
    """Hands what libraries log to the one way out."""

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record."""
        _log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or False)


def _processors(*, development: bool, colors: bool) -> list[Processor]:
    if not development:
        return [_line]
    console = structlog.dev.ConsoleRenderer(
        colors=colors, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )
    return [_told, console]


def _line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    return msgspec.json.encode(_told(logger, method, event))


def _told(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Return all a line tells: in one step, because each request writes one and steps cost more than work."""
    if "exc_info" in event:
        # As text, before redaction: an exception's message may hold anything, and frames' variables more.
        event = structlog.processors.format_exc_info(logger, method, event)
    said = {"event": event.pop("event", None), **structlog.contextvars.get_contextvars(), **event}
    return {"time": datetime.now(UTC), "level": method, **redact(said)}
