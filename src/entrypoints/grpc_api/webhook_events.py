from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.application import Application
from core.domain.audit import parse_actor_name
from core.domain.deliveries.delivery import Source
from core.domain.events.attempt import Attempt, AttemptResult
from core.domain.events.event import RETRYABLE, EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.events.event_query import parse_event_query
from core.domain.events.metrics import Bucket, EventFigures
from core.domain.events.views import EventView
from core.domain.identifiers import EventId, RepoId
from core.use_cases.events.retry_events import MAX_RETRIES
from core.use_cases.events.scope import OneOrganization
from core.use_cases.events.show_event import EventDetails
from crewkit.git.v1 import webhook_events_pb2 as wire
from crewkit.git.v1.webhook_events_pb2_grpc import WebhookEventServiceServicer
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.event_summaries import event_summary
from entrypoints.grpc_api.fields import (
    invalid_field,
    read_enum,
    read_id,
    read_name,
    read_page_size,
    read_query,
    read_request_id,
    read_row_token,
    read_time,
)
from entrypoints.grpc_api.messages import length, stamp, version_actor
from ports.events import EventFilter

_BUCKETS = {
    wire.WEBHOOK_EVENT_METRICS_BUCKET_UNSPECIFIED: Bucket.HOUR,
    wire.WEBHOOK_EVENT_METRICS_BUCKET_HOUR: Bucket.HOUR,
    wire.WEBHOOK_EVENT_METRICS_BUCKET_DAY: Bucket.DAY,
}


@dataclass(frozen=True, slots=True)
class WebhookEvents(WebhookEventServiceServicer):
    """Implements `WebhookEventService`."""

    application: Application

    async def ListWebhookEvents(
        self, request: wire.ListWebhookEventsRequest, context: Context
    ) -> wire.ListWebhookEventsResponse:
        page = await self.application.events.list(
            actor(),
            _scope(request.organization_id),
            where=replace(
                read_filter(request),
                until=read_time(request.until, "until") if request.HasField("until") else None,
                repo_id=RepoId(read_name(request.repo_id, "repo_id")) if request.repo_id else None,
                query=parse_event_query(read_query(request.query)),
            ),
            limit=read_page_size(request.page_size),
            before=read_row_token(request.page_token, EventId),
        )
        return wire.ListWebhookEventsResponse(
            events=[_described(view) for view in page.views], next_page_token=encode_row_cursor(page.next) or ""
        )

    async def GetWebhookEvent(
        self, request: wire.GetWebhookEventRequest, context: Context
    ) -> wire.GetWebhookEventResponse:
        shown = await self.application.events.show(
            actor(), _scope(request.organization_id), read_name(request.event_id, "event_id")
        )
        return wire.GetWebhookEventResponse(
            event=_described(shown.view, verdicts=shown.event.verdicts),
            attempt_history=[_attempt(attempt, shown) for attempt in shown.attempts],
        )

    async def GetWebhookEventPayload(
        self, request: wire.GetWebhookEventPayloadRequest, context: Context
    ) -> wire.GetWebhookEventPayloadResponse:
        payload = await self.application.events.show_payload(
            actor(), _scope(request.organization_id), read_name(request.event_id, "event_id")
        )
        return wire.GetWebhookEventPayloadResponse(payload=payload)

    async def GetWebhookEventMetrics(
        self, request: wire.GetWebhookEventMetricsRequest, context: Context
    ) -> wire.GetWebhookEventMetricsResponse:
        if request.bucket not in _BUCKETS:
            raise invalid_field("bucket", "Must be hour or day, or unspecified for hours.")
        figures = await self.application.events.measure(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            since=read_time(request.since, "since") if request.HasField("since") else None,
            until=read_time(request.until, "until") if request.HasField("until") else None,
            bucket=_BUCKETS[request.bucket],
        )
        return wire.GetWebhookEventMetricsResponse(figures=[event_figures(interval) for interval in figures])

    async def RetryWebhookEvent(
        self, request: wire.RetryWebhookEventRequest, context: Context
    ) -> wire.RetryWebhookEventResponse:
        done = await self.application.events.retry(
            actor(),
            _scope(request.organization_id),
            read_name(request.event_id, "event_id"),
            key=read_request_id(request.request_id),
            dry_run=request.dry_run,
        )
        return wire.RetryWebhookEventResponse(event=webhook_event(done.result), replayed=done.is_replay)

    async def RetryWebhookEvents(
        self, request: wire.RetryWebhookEventsRequest, context: Context
    ) -> wire.RetryWebhookEventsResponse:
        where = read_filter(request)
        if where.status not in RETRYABLE:
            raise invalid_field("status", "Must be failed, ignored or unrouted.")
        scope = _scope(request.organization_id)
        before = read_row_token(request.page_token, EventId)
        if request.dry_run:
            preview = await self.application.events.preview_retries(actor(), scope, where=where, before=before)
            return wire.RetryWebhookEventsResponse(
                matching=preview.count, sample=[webhook_event(event) for event in preview.sample]
            )
        done = await self.application.events.retry_many(
            actor(),
            scope,
            where=where,
            limit=read_page_size(request.page_size, most=MAX_RETRIES, default=MAX_RETRIES),
            before=read_row_token(request.page_token, EventId),
            key=read_request_id(request.request_id),
        )
        return wire.RetryWebhookEventsResponse(
            retried=done.result.count,
            next_page_token=encode_row_cursor(done.result.next) or "",
            replayed=done.is_replay,
        )


def _scope(organization_id: str) -> OneOrganization:
    return OneOrganization(read_id(organization_id, "organization_id"))


ATTEMPT_RESULTS: Mapping[AttemptResult, "wire.WebhookEventAttemptResult.ValueType"] = {
    AttemptResult.PENDING: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_PENDING,
    AttemptResult.PROCESSED: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_PROCESSED,
    AttemptResult.FAILED: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_FAILED,
    AttemptResult.IGNORED: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_IGNORED,
    AttemptResult.UNROUTED: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_UNROUTED,
    AttemptResult.INTERRUPTED: wire.WEBHOOK_EVENT_ATTEMPT_RESULT_INTERRUPTED,
}
STATUSES: Mapping[EventStatus, "wire.WebhookEventStatus.ValueType"] = {
    EventStatus.PENDING: wire.WEBHOOK_EVENT_STATUS_PENDING,
    EventStatus.PROCESSED: wire.WEBHOOK_EVENT_STATUS_PROCESSED,
    EventStatus.FAILED: wire.WEBHOOK_EVENT_STATUS_FAILED,
    EventStatus.IGNORED: wire.WEBHOOK_EVENT_STATUS_IGNORED,
    EventStatus.UNROUTED: wire.WEBHOOK_EVENT_STATUS_UNROUTED,
}
OUTCOMES: Mapping[Outcome, "wire.WebhookEventOutcome.ValueType"] = {
    Outcome.PROCESSED: wire.WEBHOOK_EVENT_OUTCOME_PROCESSED,
    Outcome.IGNORED: wire.WEBHOOK_EVENT_OUTCOME_IGNORED,
}
SOURCES: Mapping[Source, "wire.WebhookEventSource.ValueType"] = {
    Source.RECEIVED: wire.WEBHOOK_EVENT_SOURCE_RECEIVED,
    Source.RECOVERED: wire.WEBHOOK_EVENT_SOURCE_RECOVERED,
    Source.REPLAYED: wire.WEBHOOK_EVENT_SOURCE_REPLAYED,
}


def read_filter(request: wire.ListWebhookEventsRequest | wire.RetryWebhookEventsRequest) -> EventFilter:
    """Convert the fields of a request to a filter."""
    return EventFilter(
        provider=read_name(request.provider, "provider") if request.provider else None,
        status=read_enum(request.status, "status", STATUSES),
        event_type=read_name(request.event_type, "event_type") if request.event_type else None,
        project_id=read_id(request.project_id, "project_id") if request.project_id else None,
        since=read_time(request.since, "since") if request.HasField("since") else None,
    )


def webhook_event(event: WebhookEvent, *, verdicts: Sequence[Verdict] = ()) -> wire.WebhookEvent:
    """Convert a webhook event to its message."""
    is_waiting = event.status is EventStatus.PENDING
    return wire.WebhookEvent(
        event_id=event.delivery_id,
        provider=event.provider,
        event_type=event.event_type,
        action=event.action,
        status=STATUSES[event.status],
        reason=event.error_message,
        source=SOURCES[Source(event.source)],
        repo_id=event.repo_id,
        installation_id=event.source_key,
        attempts=event.attempts,
        next_attempt_at=stamp(event.next_attempt_at) if is_waiting else None,
        received_at=stamp(event.created_at),
        processed_at=stamp(event.processed_at),
        payload_bytes=event.payload_length,
        verdicts=[_verdict(verdict) for verdict in verdicts],
    )


def _attempt(attempt: Attempt, details: EventDetails) -> wire.WebhookEventAttempt:
    requester = parse_actor_name(attempt.requested_by, details.event.delivery_id) if attempt.requested_by else None
    return wire.WebhookEventAttempt(
        number=attempt.number,
        result=ATTEMPT_RESULTS[attempt.result],
        requested_by=version_actor(requester, details.members) if requester else None,
        started_at=stamp(attempt.started_at),
        ended_at=stamp(attempt.ended_at),
        duration=length(attempt.duration),
        error_code=attempt.error_code,
        reason=attempt.reason,
        verdicts=[_verdict(verdict) for verdict in attempt.verdicts],
    )


def _verdict(verdict: Verdict) -> wire.WebhookEventVerdict:
    return wire.WebhookEventVerdict(
        subject=verdict.subject,
        outcome=OUTCOMES[verdict.outcome],
        reason=verdict.reason,
        subject_id=verdict.subject_id,
        project_id=str(verdict.project_id) if verdict.project_id else None,
        pattern=verdict.pattern,
        value=verdict.value,
    )


def _described(view: EventView, *, verdicts: Sequence[Verdict] = ()) -> wire.WebhookEvent:
    """Convert a webhook event with its summary and its projects to its message."""
    message = webhook_event(view.event, verdicts=verdicts)
    summary = event_summary(view.summary, view.actor_urls)
    if summary is not None:
        message.summary.CopyFrom(summary)
    if view.duration is not None:
        message.duration.FromTimedelta(view.duration)
    message.projects.extend(event_projects(view))
    return message


def event_figures(figures: EventFigures) -> wire.WebhookEventFigures:
    """Convert the figures of an interval to their message."""
    return wire.WebhookEventFigures(
        start=stamp(figures.start),
        total=figures.total,
        processed=figures.processed,
        skipped=figures.skipped,
        failed=figures.failed,
        p50=length(figures.p50),
        p95=length(figures.p95),
    )


def event_projects(view: EventView) -> list[wire.WebhookEventProject]:
    """Convert the projects of an event to messages."""
    return [
        wire.WebhookEventProject(
            project_id=str(project.id),
            name=project.name,
            outcome=OUTCOMES[project.outcome] if project.outcome else wire.WEBHOOK_EVENT_OUTCOME_UNSPECIFIED,
            reason=project.reason,
        )
        for project in view.projects
    ]
