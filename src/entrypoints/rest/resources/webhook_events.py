from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Events
from core.domain.events.event import EventNotFound, EventStatus, WebhookEvent
from core.domain.events.event_query import parse_event_query
from core.domain.identifiers import EventId, RepoId
from core.domain.provider_errors import ProviderUnknown
from core.use_cases.events.scope import OneOrganization
from core.use_cases.events.show_event import PayloadAbsence
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import WEBHOOK_EVENT, WEBHOOK_EVENTS
from entrypoints.rest.http.requests import TIME_HINT, Cursor, Limit, Name, NoQuery, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.event_summaries import (
    EventProjectBody,
    SummaryBody,
    duration_ms,
    project_bodies,
    summary_body,
)
from entrypoints.rest.resources.webhook_event_attempts import AttemptBody, VerdictBody, to_attempt_body, to_verdict_body
from ports.events import EventFilter

_STATUSES = ", ".join(status.value for status in EventStatus)


class EventQuery(Query, frozen=True):
    """Which webhook events to list."""

    status: Annotated[
        EventStatus | None, Meta(description=f"Only events with this status. Pass one of {_STATUSES}.")
    ] = None
    event: Annotated[Name | None, Meta(description="Only events of this type. Pass an event type, such as push.")] = (
        None
    )
    project_id: Annotated[
        UUID | None, Meta(description="Only events that concern this project. Pass the id of a project, a UUID.")
    ] = None
    provider: Annotated[
        Name | None, Meta(description="Only events from this provider. Pass the name of a provider, such as github.")
    ] = None
    repo_id: Annotated[
        Name | None, Meta(description="Only events of this repository. Pass the provider's id of the repository.")
    ] = None
    q: Annotated[
        str,
        Meta(
            max_length=200,
            description="Only events with this delivery id, pull request number (such as #12) or commit (at least 7 "
            "characters of its hash). Any other text: only events whose headline, branch or tag contains it. Pass at "
            "most 200 characters.",
            examples=["countdown"],
        ),
    ] = ""
    since: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description=f"Only events received at this time or later. {TIME_HINT}"),
    ] = None
    until: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description=f"Only events received before this time. {TIME_HINT}"),
    ] = None
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


class EventShownBody(EventBody, kw_only=True):
    """A webhook event with its attempts, verdicts and payload.

    `attempt_history` has all attempts, in their order. The last one is `pending` if the event is. If `payload` is null,
    `payload_absence` is the reason. `summary` is what the event says. It is null if the payload cannot be read, or was
    deleted before this service stored summaries. `projects` are the projects that the event concerns. `duration_ms` is
    the time from receiving the delivery to the end of processing, in milliseconds; null while the event is pending.
    """

    summary: SummaryBody | None
    projects: list[EventProjectBody]
    duration_ms: int | None
    verdicts: list[VerdictBody]
    attempt_history: list[AttemptBody]
    payload: msgspec.Raw
    payload_absence: PayloadAbsence | None


class EventListed(EventBody, kw_only=True):
    """A webhook event in a list.

    `verdict` is the verdict for the project in the request's `project_id`. It is null without `project_id`,
    or if the event has no verdict for the project. `summary` is what the event says. It is null if the payload
    cannot be read or is longer than 64 KB, or was deleted, and no summary was stored. `projects` are the projects
    that the event concerns. `duration_ms` is the time from receiving the delivery to the end of processing, in
    milliseconds; null while the event is pending.
    """

    verdict: VerdictBody | None
    summary: SummaryBody | None
    projects: list[EventProjectBody]
    duration_ms: int | None


class EventList(msgspec.Struct):
    """A page of webhook events, newest first."""

    data: list[EventListed]
    next_cursor: str | None


def operations(events: Events) -> list[Operation]:
    """Return the operations for an organization's webhook events."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "GET",
        WEBHOOK_EVENTS,
        "List webhook events",
        Success(EventList),
        errors=[ProviderUnknown],
        description="Returns the organization's webhook events with their processing status, newest first. With "
        "`project_id`, returns only events that concern the project, each with its verdict for the project. With `q` "
        "or `repo_id`, a page can have fewer events than `limit`, or none: continue until `next_cursor` is null.",
    )
    async def list_webhook_events(call: Call[EventQuery, None]) -> Response:
        page = await events.list(
            call.actor,
            OneOrganization(call.organization_id),
            where=EventFilter(
                provider=call.query.provider,
                status=call.query.status,
                event_type=call.query.event,
                project_id=call.query.project_id,
                since=call.query.since,
                until=call.query.until,
                repo_id=RepoId(call.query.repo_id) if call.query.repo_id else None,
                query=parse_event_query(call.query.q),
            ),
            limit=call.query.limit,
            before=read_row_cursor(call.query.cursor, EventId),
        )
        next_cursor = encode_row_cursor(page.next)
        data = [
            EventListed(
                **msgspec.structs.asdict(event_body(view.event)),
                verdict=_verdict_for(view.event, call.query.project_id),
                summary=summary_body(view),
                projects=project_bodies(view.projects),
                duration_ms=duration_ms(view),
            )
            for view in page.views
        ]
        return Json(EventList(data, next_cursor))

    @group.add(
        "GET",
        WEBHOOK_EVENT,
        "Get a webhook event",
        Success(EventShownBody),
        errors=[EventNotFound],
        description="Returns one webhook event with its verdicts and its attempts: when each of them ran, how it "
        "ended, and who requested it. Owners, admins and services with the scope `git.admin` also get the payload. If "
        "`payload` is null, `payload_absence` is the reason.",
    )
    async def show_webhook_event(call: Call[NoQuery, None]) -> Response:
        shown = await events.show(call.actor, OneOrganization(call.organization_id), call.event_id)
        return Json(
            EventShownBody(
                **msgspec.structs.asdict(event_body(shown.event)),
                summary=summary_body(shown.view),
                projects=project_bodies(shown.view.projects),
                duration_ms=duration_ms(shown.view),
                verdicts=[to_verdict_body(verdict) for verdict in shown.event.verdicts],
                attempt_history=[to_attempt_body(attempt, shown) for attempt in shown.attempts],
                payload=msgspec.Raw(shown.payload or b"null"),
                payload_absence=shown.absence,
            )
        )

    return group.operations


def event_body(event: WebhookEvent) -> EventBody:
    """Return an event for a response."""
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
    return next((to_verdict_body(verdict) for verdict in event.verdicts if verdict.project_id == project_id), None)
