from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol


class Role(Enum):
    """Which end of a conversation a span is."""

    ANSWERS = "answers"
    ASKS = "asks"
    PROCESSES = "processes"
    """What somebody left for us in a queue."""


class Span(Protocol):
    """Something that is being done."""

    def call(self, name: str) -> None:
        """Name it, once it is known what it is; one of a few names."""

    def note(self, **facts: str | int) -> None:
        """Keep facts of it; never a secret, an address of a person, or a query string."""

    def failed(self, reason: str) -> None:
        """Mark it as failed, by a stable word."""


class Traces(Protocol):
    """Tells how what happens in one process follows from what happened in another.

    Never raises, never waits for the network; what cannot be sent is dropped. Where tracing is off there is
    none of these, and nothing is paid for it.
    """

    def span(
        self, name: str, role: Role, *, parent: str | None = None, **facts: str | int
    ) -> AbstractContextManager[Span]:
        """Begin a span below the current one, or below `parent`, and end it with the block.

        An exception that leaves the block marks it as failed by its type alone: texts may hold secrets. A
        `parent` that cannot be read begins a trace of its own.
        """

    def carried(self) -> str | None:
        """Return the current span as W3C's `traceparent`, for whoever continues it elsewhere."""
