"""The attempts and verdicts of a webhook event."""

from uuid import UUID

import msgspec

from core.domain.audit import parse_actor_name
from core.domain.events.attempt import Attempt, AttemptResult
from core.domain.events.event import Outcome, Verdict
from core.use_cases.events.show_event import EventDetails
from entrypoints.rest.http.responses import Time
from entrypoints.rest.resources.actors import VersionActor, to_actor_body


class VerdictBody(msgspec.Struct):
    """The decision for one object, with a reason code.

    `subject` is the kind of object: `link`, `integration`, `repository`, `connection` or `event`. The `reason` for a
    link is `webhooks_disabled` or a reason of `RuleReason`. If a rule of a link decided, `value` is the branch, tag,
    path, login or marker that it decided about, with at most 500 characters, and `pattern` is the pattern that matches
    it.
    """

    subject: str
    outcome: Outcome
    reason: str
    subject_id: str | None
    project_id: UUID | None
    pattern: str | None
    value: str | None


class AttemptBody(msgspec.Struct):
    """One attempt to process a webhook event.

    `requested_by` is who retried the event, or a webhook event if the provider sent the delivery again. It is null for
    the first attempt and for automatic ones. `reason` is the reason code of an `ignored` or `unrouted` result, or the
    error message. Events that are processed together have the same times, and `duration_ms` is the time for all of
    them. The times are null for a `pending` attempt, and if they are not known.
    """

    number: int
    result: AttemptResult
    requested_by: VersionActor | None
    started_at: Time | None
    ended_at: Time | None
    duration_ms: int | None
    error_code: str | None
    reason: str | None
    verdicts: list[VerdictBody]


def to_attempt_body(attempt: Attempt, details: EventDetails) -> AttemptBody:
    """Return an attempt of the event for a response."""
    requester = parse_actor_name(attempt.requested_by, details.event.delivery_id) if attempt.requested_by else None
    return AttemptBody(
        number=attempt.number,
        result=attempt.result,
        requested_by=to_actor_body(requester, details.members) if requester else None,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        duration_ms=None if attempt.duration is None else round(attempt.duration.total_seconds() * 1000),
        error_code=attempt.error_code,
        reason=attempt.reason,
        verdicts=[to_verdict_body(verdict) for verdict in attempt.verdicts],
    )


def to_verdict_body(verdict: Verdict) -> VerdictBody:
    """Return a verdict for a response."""
    return VerdictBody(
        verdict.subject,
        verdict.outcome,
        verdict.reason,
        verdict.subject_id,
        verdict.project_id,
        verdict.pattern,
        verdict.value,
    )
