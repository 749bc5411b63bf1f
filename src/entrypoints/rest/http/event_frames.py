"""Domain events as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import msgspec
from cachetools import FIFOCache

from core.domain.streams.domain_event import RecordedEvent
from core.domain.streams.stream import EndReason

# After a stream ended, browsers wait so long before they ask to go on.
_RETRY_MILLISECONDS = 2_000
ENDED = "stream.ended"


class StreamEnd(msgspec.Struct):
    """The last event of a stream: why it ended, and the cursor to continue from."""

    reason: EndReason
    cursor: str


def opening(cursor: int) -> bytes:
    """Return what a stream begins with: who breaks off before the first event knows their place, too."""
    return b"retry: %d\nid: %d\n\n" % (_RETRY_MILLISECONDS, cursor)


def heartbeat(cursor: int) -> bytes:
    """Return a sign of life: a comment, and how far the reader has come though nothing happened for them."""
    return b":\nid: %d\n\n" % cursor


# Subscribers of an organization receive the same events at the same time, so the latest are cached.
_latest: FIFOCache[int, tuple[RecordedEvent, bytes]] = FIFOCache(16)


def frame(event: RecordedEvent) -> bytes:
    """Return an event: its id is the cursor, its data one line of JSON."""
    cached = _latest.get(id(event))
    if cached is not None:
        return cached[1]
    data = msgspec.json.encode(event)
    encoded = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.value.encode(), data)
    # The event is kept too, so that another event cannot get the same `id()`.
    _latest[id(event)] = event, encoded
    return encoded


def end(reason: EndReason, cursor: int) -> bytes:
    """Return what a stream of ours ends with."""
    data = msgspec.json.encode(StreamEnd(reason, str(cursor)))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (cursor, ENDED.encode(), data)
