from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Events
from core.domain.events.metrics import Bucket, EventFigures, TimeRangeInvalid
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import WEBHOOK_METRICS
from entrypoints.rest.http.requests import TIME_HINT, Query
from entrypoints.rest.http.responses import Json, Time

_Time = Annotated[datetime, Meta(tz=True)] | None


class MetricsQuery(Query, frozen=True, rename={"since": "from", "until": "to"}):
    """The time range and the intervals."""

    since: Annotated[
        _Time,
        Meta(
            description="The start of the range, rounded down to a whole interval. Default: a day before `to`. "
            f"{TIME_HINT}"
        ),
    ] = None
    until: Annotated[_Time, Meta(description=f"The end of the range. Default: now. {TIME_HINT}")] = None
    bucket: Annotated[Bucket, Meta(description="The length of the intervals. Pass hour, or day for days of UTC.")] = (
        Bucket.HOUR
    )


class FiguresBody(msgspec.Struct):
    """The figures of the interval that begins at `start`.

    `total` is the number of events whose processing ended. `p50_ms` and `p95_ms` are percentiles of the time from
    receiving the delivery to the end of processing, in milliseconds, exact to about 10 %; null without events.
    """

    start: Time
    total: int
    processed: int
    skipped: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None


class MetricsBody(msgspec.Struct):
    """The figures of each interval, the oldest first, also of intervals without events."""

    data: list[FiguresBody]


def operations(events: Events) -> list[Operation]:
    """Return the operation for figures about webhook events."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "GET",
        WEBHOOK_METRICS,
        "Get figures about webhook events",
        Success(MetricsBody),
        errors=[TimeRangeInvalid],
        description="Returns how many webhook events were processed, skipped and failed in each interval, and how long "
        "processing took. The range is at most 3 days for hours, and 31 days for days. An event that was "
        "retried counts each time that its processing ended. Results from before version 0.2.0 are not counted.",
    )
    async def get_webhook_event_metrics(call: Call[MetricsQuery, None]) -> Response:
        query = call.query
        figures = await events.measure(
            call.actor, organization_id=call.organization_id, since=query.since, until=query.until, bucket=query.bucket
        )
        return Json(MetricsBody([to_figures_body(interval) for interval in figures]))

    return group.operations


def to_figures_body(figures: EventFigures) -> FiguresBody:
    """Return the figures of an interval for a response."""
    p50, p95 = (
        None if duration is None else round(duration.total_seconds() * 1000, 1)
        for duration in (figures.p50, figures.p95)
    )
    return FiguresBody(figures.start, figures.total, figures.processed, figures.skipped, figures.failed, p50, p95)
