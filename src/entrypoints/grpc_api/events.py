from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec
from cachetools import FIFOCache
from google.protobuf.json_format import ParseDict

from core.application import Application
from core.domain.streams.domain_event import (
    CommitsClaimedData,
    DomainEventType,
    EventData,
    IntegrationData,
    LinkData,
    PullRequestData,
    PushData,
    RecordedEvent,
    RepositoryData,
)
from core.domain.streams.stream import StreamFilter
from crewkit.git.v1.domain_events_pb2 import DomainEvent
from crewkit.git.v1.events_pb2 import StreamEventsRequest, StreamEventsResponse
from crewkit.git.v1.events_pb2_grpc import EventServiceServicer
from entrypoints.grpc_api.calls import call
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import invalid_field, read_id

HEARTBEAT_SECONDS = 15.0
_MOST_PROJECTS = 100
_TYPES = {event_type.value: event_type for event_type in DomainEventType}

DATA: dict[type[EventData], str] = {
    PushData: "push",
    PullRequestData: "pull_request",
    IntegrationData: "integration",
    RepositoryData: "repository",
    LinkData: "link",
    CommitsClaimedData: "commits_claimed",
}
"""The name of the message field for each data class."""


@dataclass(frozen=True, slots=True)
class Events(EventServiceServicer):
    """Implements `EventService`.

    An event is fetched after the previous one was sent, so a slow subscriber does not delay others.
    """

    application: Application

    async def StreamEvents(
        self, request: StreamEventsRequest, context: Context
    ) -> AsyncGenerator[StreamEventsResponse, None]:
        stream = await self.application.stream_events(
            call().actor,
            organization_id=read_id(request.organization_id, "organization_id"),
            until=call().expires_at,
            event_filter=_read_filter(request),
            cursor=request.cursor or None,
        )
        try:
            yield StreamEventsResponse(cursor=str(stream.cursor))
            while True:
                events = await stream.next(within=HEARTBEAT_SECONDS)
                for event in events:
                    yield StreamEventsResponse(cursor=str(event.id), event=domain_event(event))
                if not events:
                    yield StreamEventsResponse(cursor=str(stream.cursor))
        finally:
            stream.close()


# Subscribers of an organization receive the same events at the same time, so the latest are cached.
_latest: FIFOCache[int, tuple[RecordedEvent, DomainEvent]] = FIFOCache(16)


def domain_event(event: RecordedEvent) -> DomainEvent:
    """Convert a domain event to its message."""
    cached = _latest.get(id(event))
    if cached is not None:
        return cached[1]
    plain = msgspec.to_builtins(event)
    plain[DATA[type(event.data)]] = plain.pop("data")
    message = ParseDict(plain, DomainEvent())
    # The event is kept too, so that another event cannot get the same `id()`.
    _latest[id(event)] = event, message
    return message


def _read_filter(request: StreamEventsRequest) -> StreamFilter:
    if len(request.project_ids) > _MOST_PROJECTS:
        raise invalid_field("project_ids", f"Must have at most {_MOST_PROJECTS} project ids.")
    if any(name not in _TYPES for name in request.types):
        raise invalid_field("types", f"Must contain only these event types: {', '.join(_TYPES)}.")
    return StreamFilter(
        frozenset(read_id(project_id, "project_ids") for project_id in request.project_ids),
        frozenset(_TYPES[name] for name in request.types),
    )
