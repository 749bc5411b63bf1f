"""The connections that an HTTP server has open: how many, and which have waited too long."""

import asyncio
import errno
import os
from dataclasses import dataclass
from heapq import nsmallest
from typing import Protocol

import structlog

from entrypoints.process.limits import affordable_connections, descriptor_limit

# Rejected connections stay open for a moment, so that the caller can read the reason.
_MAX_REJECTED = 16
_SWEEP_SECONDS = 1.0
# At the limit, a connection that has been idle for this long is closed for a new one.
_UNDISTURBED_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections a server has open, and how long a connection may wait, in seconds."""

    max_connections: int = 5_000
    keep_alive_seconds: float = 75.0
    """How long a connection may be idle after a response."""

    head_seconds: float = 30.0
    """How long a request's head may take to arrive."""

    unread_body_seconds: float = 15.0
    """How long the rest of a body may take to arrive after its response, when the body is no longer read."""

    drain_seconds: float = 2.0
    """How long a caller may continue to send after it was rejected, so that the caller can read the response."""


class Connection(Protocol):
    """An open connection, with what decides when it is closed."""

    waiting_since: float
    """When it began to wait for its caller, by the loop's clock; infinite while a request is processed."""

    may_wait_seconds: float

    def end_overdue(self, now: float) -> None:
        """Close the connection, or extend its wait."""

    def end(self) -> None:
        """Close the connection at once."""


class OpenConnections:
    """Admits connections up to a limit, and closes those that have waited too long.

    One timer checks all connections once a second, so that a request needs no timer. At the limit, the
    longest idle connections are closed, so that idle connections of attackers do not lock out other callers.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.max_connections = affordable_connections(limits.max_connections)
        self._open: set[Connection] = set()
        self._rejected: set[Connection] = set()
        self._is_sweeping = False
        self._is_full = False
        self._has_no_descriptors = False

    def admit(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Watch a new connection until `forget`; return whether it may send requests."""
        if not self._is_sweeping:
            self._is_sweeping = True
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)
        if len(self._open) >= self.max_connections:
            self._log_full()
            self._make_room(loop.time())
        if len(self._open) < self.max_connections:
            self._open.add(connection)
            return True
        self._rejected.add(connection)
        return False

    @property
    def can_drain_rejected(self) -> bool:
        """Whether a rejected connection may stay open until its caller has read the reason."""
        return len(self._rejected) <= _MAX_REJECTED

    def forget(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._rejected.discard(connection)
        self._open.discard(connection)

    def _log_full(self) -> None:
        if self._is_full:
            return
        self._is_full = True
        _log.error(
            "connections_exhausted",
            limit=self.max_connections,
            reason="The API closes the longest idle connections, and rejects new ones if all are busy. Find "
            "the client with many connections, add a process, or raise CREWKIT_GIT_HTTP_MAX_CONNECTIONS and "
            "LimitNOFILE.",
        )

    def _make_room(self, now: float) -> None:
        """Close a fiftieth of the connections at once: checking all of them for each new one is slow."""
        waiting = [connection for connection in self._open if connection.waiting_since <= now - _UNDISTURBED_SECONDS]
        count = max(1, self.max_connections // 50)
        for connection in nsmallest(count, waiting, key=lambda connection: connection.waiting_since):
            connection.end()
            self._open.discard(connection)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [*self._open, *self._rejected]:
            if connection.waiting_since + connection.may_wait_seconds <= now:
                connection.end_overdue(now)
        # Not at the first closed connection: at the limit, connections open and close all the time.
        if self._is_full and len(self._open) < self.max_connections * 0.9:
            self._is_full = False
            _log.warning("connections_available", limit=self.max_connections)
        self._check_descriptors()
        self._is_sweeping = bool(self._open or self._rejected or self._is_full)
        if self._is_sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def _check_descriptors(self) -> None:
        """Log when the descriptors run out and when they are available again; the event loop logs neither."""
        try:
            os.close(os.dup(0))
        except OSError as error:
            is_exhausted = error.errno in (errno.EMFILE, errno.ENFILE)
        else:
            is_exhausted = False
        if is_exhausted == self._has_no_descriptors:
            return
        self._has_no_descriptors = is_exhausted
        limit = descriptor_limit()
        if is_exhausted:
            _log.error(
                "descriptors_exhausted",
                limit=limit,
                reason="New connections are reset. Raise the open file limit (LimitNOFILE, ulimit -n).",
            )
        else:
            _log.warning("descriptors_available", limit=limit)
