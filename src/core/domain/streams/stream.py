"""Streams of domain events: where they start, which events they have, and how they end."""

import re
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.streams.domain_event import DomainEventType, RecordedEvent

_CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)


class CursorInvalid(DomainError):
    """Invalid cursor. Pass the id of an event that you received, or a cursor that the stream sent."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "cursor_invalid"


class CursorExpired(DomainError):
    """Events after this cursor may have been deleted, or the cursor is from another database.

    Start a new stream without a cursor, then load the current state.
    """

    kind = ErrorKind.OUT_OF_RANGE
    code = "cursor_expired"


class TooManyStreams(DomainError):
    """The caller or the server has reached its limit of open streams. Close a stream, or try again later."""

    kind = ErrorKind.RESOURCE_EXHAUSTED
    code = "too_many_streams"


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """Which events of an organization; an empty set means any."""

    project_ids: frozenset[UUID] = frozenset()
    types: frozenset[DomainEventType] = frozenset()

    def matches(self, event: RecordedEvent) -> bool:
        """Return whether the filter includes an event of the organization."""
        return (not self.types or event.type in self.types) and (
            not self.project_ids or event.project_id in self.project_ids
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """The ids of the oldest and the newest stored event; None if no event is stored."""

    oldest: int | None
    newest: int | None

    def begin(self, cursor: int | None) -> int:
        """Return the cursor that a stream starts after; without a cursor, it starts with the next event.

        0 means the oldest stored event. Raises `CursorExpired` if later events may have been deleted. The newest
        event is always stored, so a cursor above it is from another database.
        """
        if cursor is None:
            return self.newest or 0
        if cursor and (self.oldest is None or self.newest is None or not self.oldest <= cursor <= self.newest):
            raise CursorExpired(
                "Events after this cursor may have been deleted. Start a new stream without a cursor, "
                "then load the current state."
            )
        return cursor


class EndReason(Enum):
    """Why the service ended a stream.

    After `draining` (the server shuts down) or `failed` (an unexpected error), reconnect with the cursor. After
    `sign_in_expired`, get a new token, then reconnect with the cursor. After `access_ended`, the caller has no access
    to the organization's events: do not reconnect.
    """

    SIGN_IN_EXPIRED = "sign_in_expired"
    ACCESS_ENDED = "access_ended"
    DRAINING = "draining"
    FAILED = "failed"


class StreamEnded(Exception):
    """The stream ended; the client can continue with its cursor."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def parse_cursor(text: str) -> int:
    """Return the position of a cursor; raises `CursorInvalid`."""
    if not _CURSOR.fullmatch(text):
        raise CursorInvalid(
            "Invalid cursor. Pass the id of the last event that you received, or no cursor to start "
            "with the next event."
        )
    return int(text)
