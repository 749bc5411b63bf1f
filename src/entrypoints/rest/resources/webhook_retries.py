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
from entrypoints.rest.http.requests import Name, NoQuery, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, respond_once
from entrypoints.rest.resources.webhook_events import EventBody, event_body
from ports.events import EventFilter


class RetryForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which webhook events to retry.

    To continue after a response with a `next_cursor`, send the same filter with this value as `cursor`. With `dry_run`,
    the request only counts the events.
    """

    status: Annotated[
        Literal["failed", "ignored", "unrouted"],
        Meta(description="The status of the events to retry: `failed`, `ignored` or `unrouted`, as in `EventStatus`."),
    ]
    event: Name | None = None
    project_id: UUID | None = None
    provider: Name | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_RETRIES)] = MAX_RETRIES
    cursor: Annotated[str, Meta(max_length=1024, examples=[""])] = ""
    dry_run: bool = False


class RetryQuery(Query, frozen=True):
    """Whether to retry the event or only to check it."""

    dry_run: Annotated[
        bool, Meta(description="Whether to only check that the event can be retried. Pass true or false.")
    ] = False


class RetriedBody(msgspec.Struct):
    """`retried` is the number of events that this request queued.

    If more events match the request's filter, `next_cursor` is set. Pass it as `cursor` in the next request,
    with the same filter.

    After a dry run, `retried` is 0, `matching` is the number of events that would be retried, at most 10,000, and
    `sample` are the newest of them. Otherwise both are null.
    """

    retried: int
    next_cursor: str | None
    matching: int | None = None
    sample: list[EventBody] | None = None


def retry_operations(events: Events) -> list[Operation]:
    """Return the operations that retry an organization's webhook events."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "POST",
        WEBHOOK_RETRIES,
        "Retry webhook events",
        Success(RetriedBody, HTTPStatus.ACCEPTED, "The events are queued for processing."),
        Success(RetriedBody, description="The result of a dry run. No event was changed."),
        errors=[EventNotRetryable, ProviderUnknown],
        takes_idempotency_key=True,
        description="Queues the failed, ignored or unrouted events that match the filter, so that they are processed "
        "again. Events that cannot be retried are skipped. One request queues at most 1,000 events, newest first, and "
        "returns their number. If the response has a `next_cursor`, pass it as `cursor` in the next request to retry "
        "the remaining events. With `dry_run`, no event is queued: the response has the number of matching events, and "
        "the newest of them.",
    )
    async def retry_webhook_events(call: Call[NoQuery, RetryForm]) -> Response:
        scope = OneOrganization(call.organization_id)
        where = EventFilter(
            provider=call.body.provider,
            status=EventStatus(call.body.status),
            event_type=call.body.event,
            project_id=call.body.project_id,
            since=call.body.since,
        )
        before = read_row_cursor(call.body.cursor, EventId)
        if call.body.dry_run:
            preview = await events.preview_retries(call.actor, scope, where=where, before=before)
            return Json(RetriedBody(0, None, preview.count, [event_body(event) for event in preview.sample]))
        once = await events.retry_many(
            call.actor, scope, where=where, limit=call.body.limit, before=before, key=call.key
        )
        next_cursor = encode_row_cursor(once.result.next)
        return respond_once(once, RetriedBody(once.result.count, next_cursor), HTTPStatus.ACCEPTED)

    @group.add(
        "POST",
        f"{WEBHOOK_EVENT}/retry",
        "Retry a webhook event",
        Success(EventBody, HTTPStatus.ACCEPTED, "The event is queued for processing."),
        Success(EventBody, description="The result of a dry run: the event can be retried. It was not changed."),
        errors=[EventNotFound, EventNotRetryable, PayloadExpired],
        takes_idempotency_key=True,
        description="Queues one failed, ignored or unrouted event, so that it is processed again. A successfully "
        "processed event cannot be retried. With `dry_run=true`, no event is queued: the response shows whether it can "
        "be retried.",
    )
    async def retry_webhook_event(call: Call[RetryQuery, None]) -> Response:
        dry_run = call.query.dry_run
        once = await events.retry(
            call.actor, OneOrganization(call.organization_id), call.event_id, key=call.key, dry_run=dry_run
        )
        return respond_once(once, event_body(once.result), HTTPStatus.OK if dry_run else HTTPStatus.ACCEPTED)

    return group.operations
