from dataclasses import dataclass

from core.domain.events.event import RETRYABLE
from core.domain.identifiers import EventId
from core.use_cases.events.list_events import ListEvents
from core.use_cases.events.retry_events import MAX_RETRIES, RetryEvent, RetryEvents
from core.use_cases.events.scope import OneOrganization
from core.use_cases.events.show_event import ShowEvent, ShowPayload
from crewkit.git.v1 import webhook_events_pb2 as wire
from crewkit.git.v1.webhook_events_pb2_grpc import WebhookEventServiceServicer
from entrypoints.edge.cursors import RowCursor, encode_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.event_messages import read_filter, webhook_event
from entrypoints.grpc_api.fields import read_id, read_name, read_page_size, read_page_token, read_request_id, refused


@dataclass(frozen=True, slots=True)
class WebhookEvents(WebhookEventServiceServicer):
    """Implements `WebhookEventService`."""

    list_events: ListEvents
    show_event: ShowEvent
    show_payload: ShowPayload
    retry_event: RetryEvent
    retry_events: RetryEvents

    async def ListWebhookEvents(
        self, request: wire.ListWebhookEventsRequest, context: Context
    ) -> wire.ListWebhookEventsResponse:
        page = await self.list_events(
            actor(),
            _scope(request.organization_id),
            where=read_filter(request),
            limit=read_page_size(request.page_size),
            before=_before(request.page_token),
        )
        return wire.ListWebhookEventsResponse(
            events=[webhook_event(event) for event in page.events], next_page_token=_token(page.next)
        )

    async def GetWebhookEvent(
        self, request: wire.GetWebhookEventRequest, context: Context
    ) -> wire.GetWebhookEventResponse:
        shown = await self.show_event(actor(), _scope(request.organization_id), read_name(request.event_id, "event_id"))
        return wire.GetWebhookEventResponse(event=webhook_event(shown.event, verdicts=shown.event.verdicts))

    async def GetWebhookEventPayload(
        self, request: wire.GetWebhookEventPayloadRequest, context: Context
    ) -> wire.GetWebhookEventPayloadResponse:
        payload = await self.show_payload(
            actor(), _scope(request.organization_id), read_name(request.event_id, "event_id")
        )
        return wire.GetWebhookEventPayloadResponse(payload=payload)

    async def RetryWebhookEvent(
        self, request: wire.RetryWebhookEventRequest, context: Context
    ) -> wire.RetryWebhookEventResponse:
        done = await self.retry_event(
            actor(),
            _scope(request.organization_id),
            read_name(request.event_id, "event_id"),
            key=read_request_id(request.request_id),
        )
        return wire.RetryWebhookEventResponse(event=webhook_event(done.result), replayed=done.is_replay)

    async def RetryWebhookEvents(
        self, request: wire.RetryWebhookEventsRequest, context: Context
    ) -> wire.RetryWebhookEventsResponse:
        where = read_filter(request)
        if where.status not in RETRYABLE:
            raise refused("status", "Must be failed, ignored or unrouted.")
        done = await self.retry_events(
            actor(),
            _scope(request.organization_id),
            where=where,
            limit=read_page_size(request.page_size, most=MAX_RETRIES, default=MAX_RETRIES),
            before=_before(request.page_token),
            key=read_request_id(request.request_id),
        )
        return wire.RetryWebhookEventsResponse(
            retried=done.result.count, next_page_token=_token(done.result.next), replayed=done.is_replay
        )


def _scope(organization_id: str) -> OneOrganization:
    return OneOrganization(read_id(organization_id, "organization_id"))


def _before(page_token: str) -> EventId | None:
    place = read_page_token(page_token, RowCursor)
    return EventId(place.id) if place else None


def _token(event_id: EventId | None) -> str:
    return encode_cursor(RowCursor(event_id)) if event_id else ""
