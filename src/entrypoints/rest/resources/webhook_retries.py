from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.events.event import EventNotFound, EventNotRetryable, EventStatus, PayloadExpired
from core.domain.provider import ProviderUnknown
from core.use_cases.events.retry_events import MAX_RETRIES, RetryEvent, RetryEvents
from core.use_cases.events.scope import OneOrganization
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.bodies import read_json
from entrypoints.rest.http.cursors import RowPlace, encode_cursor
from entrypoints.rest.http.idempotency import OF_KEYS, TOLD, answered, read_key
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import WEBHOOK_EVENT, WEBHOOK_RETRIES
from entrypoints.rest.http.queries import NoQuery, read_query
from entrypoints.rest.resources.webhook_events import EventBody, event_body, place
from ports.events import EventFilter


class RetryForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which webhook events to retry.

    To continue after a response with a `next_cursor`, send the same filter with this value as `cursor`.
    """

    status: Literal["failed", "ignored", "unrouted"]
    event: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    project_id: UUID | None = None
    provider: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
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


def operations(authentication: Authentication, retry_event: RetryEvent, retry_events: RetryEvents) -> list[Operation]:
    """Return what processes an organization's events again."""

    async def one(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        done = await retry_event(
            actor,
            OneOrganization(request.path_params["org_id"]),
            request.path_params["event_id"],
            key=read_key(request),
        )
        return answered(done, event_body(done.result), HTTPStatus.ACCEPTED)

    async def many(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        form = await read_json(request, RetryForm)
        done = await retry_events(
            actor,
            OneOrganization(request.path_params["org_id"]),
            where=EventFilter(
                provider=form.provider,
                status=EventStatus(form.status),
                event_type=form.event,
                project_id=form.project_id,
                since=form.since,
            ),
            limit=form.limit,
            before=place(form.cursor),
            key=read_key(request),
        )
        rest = encode_cursor(RowPlace(done.result.next)) if done.result.next else None
        return answered(done, RetriedBody(done.result.count, rest), HTTPStatus.ACCEPTED)

    return [
        Operation(
            "POST",
            WEBHOOK_RETRIES,
            many,
            name="retry_webhook_events",
            summary="Retry webhook events",
            tag=Tag.EVENTS,
            description="Queues the failed, ignored or unrouted events that match the filter, so that they "
            "are processed again. Events that cannot be retried are skipped. One request queues at most "
            "1,000 events, newest first, and returns their number. If the response has a `next_cursor`, "
            "pass it as `cursor` in the next request to retry the remaining events.",
            body=RetryForm,
            answers=[Answer(RetriedBody, HTTPStatus.ACCEPTED, "The events are queued for processing.", headers=TOLD)],
            refusals=[*OF_KEYS, EventNotRetryable, ProviderUnknown],
            takes_idempotency_key=True,
        ),
        Operation(
            "POST",
            f"{WEBHOOK_EVENT}/retry",
            one,
            name="retry_webhook_event",
            summary="Retry a webhook event",
            tag=Tag.EVENTS,
            description="Queues one failed, ignored or unrouted event, so that it is processed again. A "
            "successfully processed event cannot be retried.",
            answers=[Answer(EventBody, HTTPStatus.ACCEPTED, "The event is queued for processing.", headers=TOLD)],
            refusals=[*OF_KEYS, EventNotFound, EventNotRetryable, PayloadExpired],
            takes_idempotency_key=True,
        ),
    ]
