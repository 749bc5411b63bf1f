"""Domain events as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import msgspec
from cachetools import FIFOCache
from msgspec import Meta
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.domain.streams.domain_event import DATA_OF, DomainEventType, RecordedEvent
from core.domain.streams.stream import (
    CursorExpired,
    CursorInvalid,
    EndReason,
    StreamEnded,
    StreamFilter,
    TooManyStreams,
)
from core.use_cases.streams.stream_events import EventStream, StreamEvents
from entrypoints.rest.http.operations import EVENT_STREAM, Call, Operation, OperationGroup, StreamedModel, Success, Tag
from entrypoints.rest.http.paths import EVENTS
from entrypoints.rest.http.requests import Query, parameter_error
from entrypoints.rest.http.responses import Time

LAST_EVENT_ID = "Last-Event-ID"
ENDED = "stream.ended"

# How long browsers wait after the end of a stream before they connect again.
_RETRY_MILLISECONDS = 2_000
_HEARTBEAT_SECONDS = 15.0
# A caller that does not read for this long is disconnected, and can continue from its last cursor.
_SEND_TIMEOUT_SECONDS = 30.0
_TYPES = {event_type.value: event_type for event_type in DomainEventType}
_HEADERS = {
    # Proxies must not store, change or buffer the stream.
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


class StreamEnd(msgspec.Struct):
    """The last event of a stream: why it ended, and the cursor to continue from."""

    reason: EndReason
    cursor: str


def start_frame(cursor: int) -> bytes:
    """Return the first frame, with the cursor for a caller that disconnects before the first event."""
    return b"retry: %d\nid: %d\n\n" % (_RETRY_MILLISECONDS, cursor)


def heartbeat_frame(cursor: int) -> bytes:
    """Return a comment with the current cursor."""
    return b":\nid: %d\n\n" % cursor


# Subscribers of an organization receive the same events at the same time, so the latest are cached.
_latest: FIFOCache[int, tuple[RecordedEvent, bytes]] = FIFOCache(16)


def event_frame(event: RecordedEvent) -> bytes:
    """Return an event: its id is the cursor, its data one line of JSON."""
    cached = _latest.get(id(event))
    if cached is not None:
        return cached[1]
    data = msgspec.json.encode(event)
    encoded = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.value.encode(), data)
    # The event is kept too, so that another event cannot get the same `id()`.
    _latest[id(event)] = event, encoded
    return encoded


def end_frame(reason: EndReason, cursor: int) -> bytes:
    """Return the last frame of a stream that this service ends."""
    data = msgspec.json.encode(StreamEnd(reason, str(cursor)))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (cursor, ENDED.encode(), data)


class StreamedEvent(msgspec.Struct):
    """A domain event. `id` is also the cursor of the event; ids increase.

    The schema of `data` depends on `type`, and `version` is the version of this schema. `occurred_at` is when
    the event happened, and `recorded_at` is when this service recorded the event. `source_event_id` is the
    delivery id of the webhook event that caused the domain event; null if a user or this service caused it.
    """

    id: int
    type: DomainEventType
    version: int
    organization_id: UUID
    project_id: UUID | None
    occurred_at: Time
    recorded_at: Time
    source_event_id: str | None
    data: dict[str, Any]


_EVENTS = {
    **{event_type.value: StreamedModel(StreamedEvent, data) for event_type, data in DATA_OF.items()},
    ENDED: StreamedModel(StreamEnd),
}
_DESCRIPTION = f"""\
Sends the organization's domain events as server-sent events, as soon as they are recorded. The `event:`
line contains the type. The `data:` line contains one JSON object with the schema `StreamedEvent`. The schema
of the object's field `data` depends on the type:
{", ".join(f"`{event_type.value}` (`{data.__name__}`)" for event_type, data in DATA_OF.items())}.
The `id:` line contains the cursor. When a browser reconnects, it sends the cursor in the header
`{LAST_EVENT_ID}`. Other clients pass the cursor in `cursor`. Without a cursor, the stream starts with the
next event. With the cursor 0, it starts with the oldest stored event. After at most 15 seconds without an
event, the service sends a comment with the current cursor. When the service ends a stream, it sends the event
`{ENDED}` (`{StreamEnd.__name__}`) with the cursor and the reason:
{", ".join(f"`{reason.value}`" for reason in EndReason)}."""


class StreamQuery(Query, frozen=True):
    """Which events to stream, and where the stream starts."""

    project_id: Annotated[
        UUID | None, Meta(description="Only events of this project. Pass the id of a project, a UUID.")
    ] = None
    type: Annotated[
        str, Meta(max_length=512, description="Only events of these types. Pass event types, separated by commas.")
    ] = ""
    cursor: Annotated[
        str,
        Meta(
            max_length=64,
            description="The event after which the stream starts. The header `Last-Event-ID` overrides this "
            "parameter. Pass the id of the last event that you received.",
        ),
    ] = ""


class EventStreamResponse(Response):
    """Sends a stream until the caller disconnects, stops reading, or the stream ends.

    The next event is fetched after the previous one is sent, so a slow caller does not fill memory.
    """

    def __init__(
        self,
        stream: EventStream,
        *,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
        send_timeout_seconds: float = _SEND_TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(headers=_HEADERS, media_type=EVENT_STREAM)
        del self.headers["content-length"]
        self._stream = stream
        self._heartbeat_seconds = heartbeat_seconds
        self._send_timeout_seconds = send_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the stream."""
        sender = asyncio.create_task(self._send_all(send))
        disconnect = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            await asyncio.wait({sender, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, disconnect):
                task.cancel()
            await asyncio.gather(sender, disconnect, return_exceptions=True)
            self._stream.close()
        if not sender.cancelled() and (error := sender.exception()):
            raise error

    async def _send_all(self, send: Send) -> None:
        stream = self._stream
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            await self._send(send, start_frame(stream.cursor))
            try:
                while True:
                    events = await stream.next(within=self._heartbeat_seconds)
                    for event in events:
                        await self._send(send, event_frame(event))
                    if not events:
                        await self._send(send, heartbeat_frame(stream.cursor))
            except StreamEnded as end:
                await self._send(send, end_frame(end.reason, stream.cursor))
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            return  # The body has no end, so the server closes the connection.

    async def _send(self, send: Send, frame: bytes) -> None:
        """Send a frame; raises `TimeoutError` if the caller does not read the earlier frames."""
        async with asyncio.timeout(self._send_timeout_seconds):
            await send({"type": "http.response.body", "body": frame, "more_body": True})


def operations(open_stream: StreamEvents) -> list[Operation]:
    """Return the operation that streams domain events."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "GET",
        EVENTS,
        "Stream domain events",
        Success(media_type=EVENT_STREAM, events=_EVENTS),
        errors=[CursorInvalid, CursorExpired, TooManyStreams],
        description=_DESCRIPTION,
    )
    async def stream_events(call: Call[StreamQuery, None]) -> Response:
        project_ids = frozenset([call.query.project_id] if call.query.project_id else [])
        event_stream = await open_stream(
            call.actor,
            organization_id=call.organization_id,
            until=call.request.scope["token_expires_at"],
            event_filter=StreamFilter(project_ids, _parse_types(call.query.type)),
            cursor=call.request.headers.get(LAST_EVENT_ID) or call.query.cursor or None,
        )
        return EventStreamResponse(event_stream)

    return group.operations


def _parse_types(text: str) -> frozenset[DomainEventType]:
    names = [name.strip() for name in text.split(",")] if text else []
    if any(name not in _TYPES for name in names):
        raise parameter_error("type", f"Pass event types, separated by commas: {', '.join(_TYPES)}.")
    return frozenset(_TYPES[name] for name in names)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
