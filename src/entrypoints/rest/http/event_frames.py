"""Domain events as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from collections import OrderedDict

import msgspec

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


# All who follow an organization are told the same at the same time, so what was told last is worth keeping.
_KEPT = 16
_last_told: OrderedDict[int, tuple[RecordedEvent, bytes]] = OrderedDict()


def frame(event: RecordedEvent) -> bytes:
    """Return an event: its id is the cursor, its data one line of JSON."""
    known = _last_told.get(id(event))
    if known is not None and known[0] is event:
        return known[1]
    data = msgspec.json.encode(event)
    told = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.value.encode(), data)
    _last_told[id(event)] = event, told
    if len(_last_told) > _KEPT:
        _last_told.popitem(last=False)
    return told


def end(reason: EndReason, cursor: int) -> bytes:
    """Return what a stream of ours ends with."""
    data = msgspec.json.encode(StreamEnd(reason, str(cursor)))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (cursor, ENDED.encode(), data)
