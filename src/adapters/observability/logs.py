import logging
import sys
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from adapters.observability.redaction import redact

_log = structlog.get_logger(__name__)

# What they say at INFO is said by our own lines, or repeats URLs.
_QUIETER = ("httpx", "httpcore", "uvicorn.access", "alembic.runtime.plugins")


def configure_logs(*, level: str, development: bool = False, stream: TextIO | None = None) -> None:
    """Send every log line of this process, of whichever library, to one stream (default: standard error).

    JSON, one object a line, with `time`, `level`, `event` and the keys of `log_fields`; readable text in
    development. Nothing that looks like a token, secret or signature gets through. Called once, at the start.
    """
    out = stream or sys.stderr
    structlog.configure(
        processors=_processors(development=development, colors=out.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
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
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        # As text, before redaction: an exception's message may hold anything, and frames' variables more.
        structlog.processors.format_exc_info,
        _redacted,
    ]
    if development:
        console = structlog.dev.ConsoleRenderer(
            colors=colors, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
        )
        return [*shared, console]
    return [*shared, _json]


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    redacted: EventDict = redact(event)
    return redacted


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {"time": event.pop("time"), "level": event.pop("level"), "event": event.pop("event")}
    return msgspec.json.encode({**first, **event}).decode()
