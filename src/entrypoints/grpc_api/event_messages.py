"""Convert webhook events and their filters from and to messages."""

from collections.abc import Mapping, Sequence

from core.domain.deliveries.delivery import Source
from core.domain.events.event import EventStatus, Outcome, Verdict, WebhookEvent
from crewkit.git.v1 import webhook_events_pb2 as wire
from entrypoints.grpc_api.fields import read_id, read_name, read_time, refused
from entrypoints.grpc_api.times import stamp
from ports.events import EventFilter

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
_STATUS = {sent: known for known, sent in STATUSES.items()}


def read_filter(request: wire.ListWebhookEventsRequest | wire.RetryWebhookEventsRequest) -> EventFilter:
    """Convert the fields of a request to a filter."""
    return EventFilter(
        provider=read_name(request.provider, "provider") if request.provider else None,
        status=_read_status(request.status),
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
        verdicts=[
            wire.WebhookEventVerdict(
                subject=verdict.subject,
                outcome=OUTCOMES[verdict.outcome],
                reason=verdict.reason,
                subject_id=verdict.subject_id,
                project_id=str(verdict.project_id) if verdict.project_id else None,
            )
            for verdict in verdicts
        ],
    )


def _read_status(given: "wire.WebhookEventStatus.ValueType") -> EventStatus | None:
    if given == wire.WEBHOOK_EVENT_STATUS_UNSPECIFIED:
        return None
    if given not in _STATUS:
        raise refused("status", "Must be a defined status, or unspecified for all.")
    return _STATUS[given]
