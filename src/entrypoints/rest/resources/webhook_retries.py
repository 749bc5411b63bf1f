"""Retries of an organization's webhook events."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Events
from core.domain.events.event import EventNotFound, EventNotRetryable, EventStatus, PayloadExpired
from core.domain.identifiers import EventId
from core.domain.provider_errors import ProviderUnknown
from core.use_cases.events.retry_events import MAX_RETRIES
from core.use_cases.events.scope import OneOrganization
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import WEBHOOK_EVENT, WEBHOOK_RETRIES
from entrypoints.rest.http.requests import Name, NoQuery, read_row_cursor
from entrypoints.rest.http.responses import respond_once
from entrypoints.rest.resources.webhook_events import EventBody, event_body
from ports.events import EventFilter


class RetryForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which webhook events to retry.

    To continue after a response with a `next_cursor`, send the same filter with this value as `cursor`.
    """

    status: Literal["failed", "ignored", "unrouted"]
    event: Name | None = None
    project_id: UUID | None = None
    provider: Name | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_RETRIES)] = MAX_RETRIES
    cursor: Annotated[str, Meta(max_length=1024, examples=[""])] = ""


class RetriedBody(msgspec.Struct):
    """`retried` is the number of events that this request queued.

    If more events match the request's filter, `next_cursor` is set. Pass it as `cursor` in the next request,
    with the same filter.
    """

    retried: int
    next_cursor: str | None


def retry_operations(events: Events) -> list[Operation]:
    """Return the operations that retry an organization's webhook events."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "POST",
        WEBHOOK_RETRIES,
        "Retry webhook events",
        Success(RetriedBody, HTTPStatus.ACCEPTED, "The events are queued for processing."),
        errors=[EventNotRetryable, ProviderUnknown],
        takes_idempotency_key=True,
        description="Queues the failed, ignored or unrouted events that match the filter, so that they are processed "
        "again. Events that cannot be retried are skipped. One request queues at most 1,000 events, newest first, and "
        "returns their number. If the response has a `next_cursor`, pass it as `cursor` in the next request to retry "
        "the remaining events.",
    )
    async def retry_webhook_events(call: Call[NoQuery, RetryForm]) -> Response:
        once = await events.retry_many(
            call.actor,
            OneOrganization(call.organization_id),
            where=EventFilter(
                provider=call.body.provider,
                status=EventStatus(call.body.status),
                event_type=call.body.event,
                project_id=call.body.project_id,
                since=call.body.since,
            ),
            limit=call.body.limit,
            before=read_row_cursor(call.body.cursor, EventId),
            key=call.key,
        )
        next_cursor = encode_row_cursor(once.result.next)
        return respond_once(once, RetriedBody(once.result.count, next_cursor), HTTPStatus.ACCEPTED)

    @group.add(
        "POST",
        f"{WEBHOOK_EVENT}/retry",
        "Retry a webhook event",
        Success(EventBody, HTTPStatus.ACCEPTED, "The event is queued for processing."),
        errors=[EventNotFound, EventNotRetryable, PayloadExpired],
        takes_idempotency_key=True,
        description="Queues one failed, ignored or unrouted event, so that it is processed again. A successfully "
        "processed event cannot be retried.",
    )
    async def retry_webhook_event(call: Call[NoQuery, None]) -> Response:
        once = await events.retry(call.actor, OneOrganization(call.organization_id), call.event_id, key=call.key)
        return respond_once(once, event_body(once.result), HTTPStatus.ACCEPTED)

    return group.operations
