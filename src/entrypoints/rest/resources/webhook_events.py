from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.events.event import EventNotFound, EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.identifiers import EventId
from core.domain.provider import ProviderUnknown
from core.use_cases.events.list_events import ListEvents
from core.use_cases.events.scope import OneOrganization
from core.use_cases.events.show_event import PayloadAbsence, ShowEvent
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cursors import RowPlace, decode_cursor, encode_cursor
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import WEBHOOK_EVENT, WEBHOOK_EVENTS
from entrypoints.rest.http.queries import Cursor, Limit, Moment, NoQuery, Query, read_query
from ports.events import EventFilter

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_STATUSES = ", ".join(status.value for status in EventStatus)


class EventQuery(Query, frozen=True):
    """Which webhook events to list."""

    status: Annotated[
        EventStatus | None, Meta(description=f"Only events with this status. Pass one of {_STATUSES}.")
    ] = None
    event: Annotated[_Name | None, Meta(description="Only events of this type. Pass an event type, such as push.")] = (
        None
    )
    project_id: Annotated[
        UUID | None, Meta(description="Only events that concern this project. Pass the id of a project, a UUID.")
    ] = None
    provider: Annotated[
        _Name | None, Meta(description="Only events from this provider. Pass the name of a provider, such as github.")
    ] = None
    since: Moment = None
    limit: Limit = 50
    cursor: Cursor = ""


class EventBody(msgspec.Struct):
    """A webhook event. `id` is the provider's delivery id.

    `reason` is the reason code of an ignored or unrouted event, or the error message of the last failed
    attempt. `next_attempt_at` is the time of the next attempt; null if the event is not pending. `source` is
    how the event reached this service: `received` (delivered by the provider), `recovered` (fetched from the
    provider's delivery log) or `replayed` (sent by an operator with `crewkit-git events replay`).
    """

    id: str
    provider: str
    event: str
    action: str | None
    status: EventStatus
    reason: str | None
    source: str
    repo_id: str | None
    installation_id: str | None
    attempts: int
    next_attempt_at: Time | None
    received_at: Time
    processed_at: Time | None
    payload_bytes: int


class VerdictBody(msgspec.Struct):
    """The decision for one object, with a reason code.

    `subject` is the kind of object: `link`, `integration`, `repository`, `connection` or `event`.
    """

    subject: str
    outcome: Outcome
    reason: str
    subject_id: str | None
    project_id: UUID | None


class EventShownBody(EventBody, kw_only=True):
    """A webhook event with verdicts and payload. If `payload` is null, `payload_absence` is the reason."""

    verdicts: list[VerdictBody]
    payload: msgspec.Raw
    payload_absence: PayloadAbsence | None


class EventListed(EventBody, kw_only=True):
    """A webhook event in a list.

    `verdict` is the verdict for the project in the request's `project_id`. It is null without `project_id`,
    or if the event has no verdict for the project.
    """

    verdict: VerdictBody | None


class EventList(msgspec.Struct):
    """A page of webhook events, newest first."""

    data: list[EventListed]
    next_cursor: str | None


def operations(authentication: Authentication, list_events: ListEvents, show_event: ShowEvent) -> list[Operation]:
    """Return what shows an organization's events."""

    async def events(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, EventQuery)
        page = await list_events(
            actor,
            OneOrganization(request.path_params["org_id"]),
            where=EventFilter(
                provider=query.provider,
                status=query.status,
                event_type=query.event,
                project_id=query.project_id,
                since=query.since,
            ),
            limit=query.limit,
            before=place(query.cursor),
        )
        following = encode_cursor(RowPlace(page.next)) if page.next else None
        data = [
            EventListed(**msgspec.structs.asdict(event_body(event)), verdict=_verdict_for(event, query.project_id))
            for event in page.events
        ]
        return Json(EventList(data, following))

    async def event(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        shown = await show_event(actor, OneOrganization(request.path_params["org_id"]), request.path_params["event_id"])
        return Json(
            EventShownBody(
                **msgspec.structs.asdict(event_body(shown.event)),
                verdicts=[_verdict(one) for one in shown.event.verdicts],
                payload=msgspec.Raw(shown.payload or b"null"),
                payload_absence=shown.absence,
            )
        )

    return [
        Operation(
            "GET",
            WEBHOOK_EVENTS,
            events,
            name="list_webhook_events",
            summary="List webhook events",
            tag=Tag.EVENTS,
            description="Returns the organization's webhook events with their processing status, newest "
            "first. With `project_id`, returns only events that concern the project, each with its verdict "
            "for the project.",
            query=EventQuery,
            answers=[Answer(EventList)],
            refusals=[ProviderUnknown],
        ),
        Operation(
            "GET",
            WEBHOOK_EVENT,
            event,
            name="show_webhook_event",
            summary="Get a webhook event",
            tag=Tag.EVENTS,
            description="Returns one webhook event with its number of attempts and its verdicts. Owners, "
            "admins and services with the scope `git.admin` also get the payload. If `payload` is null, "
            "`payload_absence` is the reason.",
            answers=[Answer(EventShownBody)],
            refusals=[EventNotFound],
        ),
    ]


def place(cursor: str) -> EventId | None:
    """Return where a page begins; raises `QueryRefused` for what is no cursor."""
    found = decode_cursor(cursor, RowPlace)
    return EventId(found.id) if found else None


def event_body(event: WebhookEvent) -> EventBody:
    """Return an event as it is shown."""
    is_waiting = event.status is EventStatus.PENDING
    return EventBody(
        id=event.delivery_id,
        provider=event.provider,
        event=event.event_type,
        action=event.action,
        status=event.status,
        reason=event.error_message,
        source=event.source,
        repo_id=event.repo_id,
        installation_id=event.source_key,
        attempts=event.attempts,
        next_attempt_at=event.next_attempt_at if is_waiting else None,
        received_at=event.created_at,
        processed_at=event.processed_at,
        payload_bytes=event.payload_length,
    )


def _verdict_for(event: WebhookEvent, project_id: UUID | None) -> VerdictBody | None:
    if project_id is None:
        return None
    return next((_verdict(one) for one in event.verdicts if one.project_id == project_id), None)


def _verdict(verdict: Verdict) -> VerdictBody:
    return VerdictBody(verdict.subject, verdict.outcome, verdict.reason, verdict.subject_id, verdict.project_id)
