from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol


class SpanRole(Enum):
    """The kind of a span: server, client or consumer of a queue."""

    SERVER = "answers"
    CLIENT = "asks"
    CONSUMER = "processes"
    """Work from a queue."""


class Span(Protocol):
    """An operation that is being traced."""

    def rename(self, name: str) -> None:
        """Set the name when it is known. Use a small, fixed set of names."""

    def set_attributes(self, **facts: str | int) -> None:
        """Add attributes. They must not contain secrets, email addresses or query strings."""

    def mark_failed(self, reason: str) -> None:
        """Mark the span as failed, with a stable reason."""


class Traces(Protocol):
    """Records traces across processes.

    Methods never raise and never wait for the network. Spans that cannot be sent are dropped. If tracing is
    off, there is no instance of this class, and tracing has no cost.
    """

    def start_span(
        self, name: str, role: SpanRole, *, parent: str | None = None, **facts: str | int
    ) -> AbstractContextManager[Span]:
        """Start a child span of the current span, or of `parent`. It ends with the block.

        An exception that leaves the block marks the span as failed. Only its type is recorded, because its
        message can contain secrets. A `parent` that cannot be parsed starts a new trace.
        """

    def get_traceparent(self) -> str | None:
        """Return the current span as a W3C `traceparent`, to continue the trace in another process."""
