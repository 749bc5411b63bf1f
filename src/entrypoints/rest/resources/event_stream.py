import asyncio
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.domain.streams.domain_event import DATA_OF, DomainEventType
from core.domain.streams.stream import (
    CursorExpired,
    CursorInvalid,
    EndReason,
    StreamEnded,
    StreamFilter,
    TooManyStreams,
)
from core.use_cases.streams.stream_events import EventStream, StreamEvents
from entrypoints.rest.http import event_frames
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.json_response import Time
from entrypoints.rest.http.operations import EVENT_STREAM, Answer, Operation, StreamedForm, Tag
from entrypoints.rest.http.paths import EVENTS
from entrypoints.rest.http.queries import Query, query_refused, read_query

LAST_EVENT_ID = "Last-Event-ID"

_HEARTBEAT_SECONDS = 15.0
# Whoever takes nothing for so long is cut off; with the last id they have they may go on.
_PATIENCE_SECONDS = 30.0
_TYPES = {event_type.value: event_type for event_type in DomainEventType}
_HEADERS = {
    # Nobody on the way keeps it, changes it or collects it before handing it on.
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


class StreamedEvent(Struct):
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
    **{event_type.value: StreamedForm(StreamedEvent, data) for event_type, data in DATA_OF.items()},
    event_frames.ENDED: StreamedForm(event_frames.StreamEnd),
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
`{event_frames.ENDED}` (`{event_frames.StreamEnd.__name__}`) with the cursor and the reason:
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
    """Sends a stream until the caller leaves, takes nothing any more, or may read no longer.

    No event is fetched before the one before it is on its way, so a slow reader holds up nobody and nothing.
    """

    def __init__(
        self, stream: EventStream, *, heartbeat: float = _HEARTBEAT_SECONDS, patience: float = _PATIENCE_SECONDS
    ) -> None:
        super().__init__(headers=_HEADERS, media_type=EVENT_STREAM)
        del self.headers["content-length"]
        self._stream = stream
        self._heartbeat = heartbeat
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            self._stream.leave()
        if not sending.cancelled() and (error := sending.exception()):
            raise error

    async def _send_all(self, send: Send) -> None:
        stream = self._stream
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            await self._send(send, event_frames.opening(stream.cursor))
            try:
                while True:
                    events = await stream.next(within=self._heartbeat)
                    for event in events:
                        await self._send(send, event_frames.frame(event))
                    if not events:
                        await self._send(send, event_frames.heartbeat(stream.cursor))
            except StreamEnded as end:
                await self._send(send, event_frames.end(end.reason, stream.cursor))
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            return  # without an end to the body, so the server hangs up

    async def _send(self, send: Send, frame: bytes) -> None:
        """Send a frame; raises `TimeoutError` where the caller does not take it, nor what came before."""
        async with asyncio.timeout(self._patience):
            await send({"type": "http.response.body", "body": frame, "more_body": True})


def operations(authentication: Authentication, stream_events: StreamEvents) -> list[Operation]:
    """Return what tells of events as they happen."""

    async def stream(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, StreamQuery)
        opened = await stream_events(
            actor,
            organization_id=request.path_params["org_id"],
            until=request.scope["token_expires_at"],
            wanted=StreamFilter(frozenset([query.project_id] if query.project_id else []), _types(query.type)),
            cursor=request.headers.get(LAST_EVENT_ID) or query.cursor or None,
        )
        return EventStreamResponse(opened)

    return [
        Operation(
            "GET",
            EVENTS,
            stream,
            name="stream_events",
            summary="Stream domain events",
            tag=Tag.EVENTS,
            query=StreamQuery,
            answers=[Answer(media_type=EVENT_STREAM, events=_EVENTS)],
            refusals=[CursorInvalid, CursorExpired, TooManyStreams],
            description=_DESCRIPTION,
        )
    ]


def _types(names: str) -> frozenset[DomainEventType]:
    given = [name.strip() for name in names.split(",")] if names else []
    unknown = [name for name in given if name not in _TYPES]
    if unknown:
        raise query_refused("type", f"Pass event types, separated by commas: {', '.join(_TYPES)}.")
    return frozenset(_TYPES[name] for name in given)


async def _left(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
