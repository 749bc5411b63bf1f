"""Figures about the processing of webhook events over time."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from math import log2

from core.domain.errors import DomainError, ErrorKind
from core.domain.events.event import EventStatus

_CLASSES_PER_OCTAVE = 4
_SHORTEST_MS = 0.1
_DEFAULT_RANGE = timedelta(days=1)


class Bucket(Enum):
    """The length of the intervals that figures are for: an `hour`, or a `day` in UTC."""

    HOUR = "hour"
    DAY = "day"

    def floor(self, time: datetime) -> datetime:
        """Return the start of the interval that contains the time."""
        time = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return time if self is Bucket.HOUR else time.replace(hour=0)

    @property
    def max_range(self) -> timedelta:
        """The longest range that may be requested, so that a request reads few counts."""
        return timedelta(days=3) if self is Bucket.HOUR else timedelta(days=31)

    @property
    def length(self) -> timedelta:
        """The length of one interval."""
        return timedelta(hours=1) if self is Bucket.HOUR else timedelta(days=1)


class TimeRangeInvalid(DomainError):
    """The time range is empty or too long.

    Pass a `from` before `to`, at most 3 days apart for hours, and at most 31 days apart for days.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "time_range_invalid"


@dataclass(frozen=True, slots=True)
class ResultCount:
    """How many events ended with this status and in this class of durations, in the interval from `start`."""

    start: datetime
    status: EventStatus
    duration_class: int
    events: int


@dataclass(frozen=True, slots=True)
class EventFigures:
    """The figures of one interval. Durations are None if no event ended; they are exact to about 10 %."""

    start: datetime
    processed: int
    skipped: int
    failed: int
    p50: timedelta | None
    p95: timedelta | None

    @property
    def total(self) -> int:
        """The number of events whose processing ended."""
        return self.processed + self.skipped + self.failed


def classify_duration(duration: timedelta) -> int:
    """Return the class of a duration: four classes between a duration and its double."""
    return round(_CLASSES_PER_OCTAVE * log2(max(duration.total_seconds() * 1000, _SHORTEST_MS)))


def choose_range(
    since: datetime | None, until: datetime | None, bucket: Bucket, *, now: datetime
) -> tuple[datetime, datetime]:
    """Return the range, by default the day before `until` or now.

    Raises `TimeRangeInvalid` for a range that is empty, too long, or at an end of the calendar.
    """
    until = until or now
    try:
        since = since or until - _DEFAULT_RANGE
        for time in (since - bucket.length, until + bucket.length):
            bucket.floor(time)
    except OverflowError:
        since = until
    # A caller computes the start a moment before the end, which is now by default.
    if not timedelta(0) < until - since <= bucket.max_range + bucket.length:
        raise TimeRangeInvalid(
            "The time range is empty or too long. Pass a `from` before `to`, at most 3 days apart for hours, and at "
            "most 31 days apart for days."
        )
    return since, until


def build_figures(
    counts: Sequence[ResultCount], since: datetime, until: datetime, bucket: Bucket
) -> Sequence[EventFigures]:
    """Return the figures of each interval that overlaps the range, also if no event ended in it."""
    by_start: dict[datetime, list[ResultCount]] = defaultdict(list)
    for count in counts:
        by_start[count.start].append(count)
    figures = []
    start = bucket.floor(since)
    while start < until:
        figures.append(_build(start, by_start.get(start, [])))
        start += bucket.length
    return figures


def merge_figures(counts: Sequence[ResultCount], since: datetime) -> EventFigures:
    """Return the figures of all counts together, as those of one interval from `since`."""
    return _build(since, counts)


def _build(start: datetime, counts: Sequence[ResultCount]) -> EventFigures:
    events: Counter[EventStatus] = Counter()
    by_class: Counter[int] = Counter()
    for count in counts:
        events[count.status] += count.events
        by_class[count.duration_class] += count.events
    classes = sorted(by_class.items())
    return EventFigures(
        start,
        events[EventStatus.PROCESSED],
        events[EventStatus.IGNORED],
        events[EventStatus.FAILED],
        _percentile(classes, 0.5),
        _percentile(classes, 0.95),
    )


def _percentile(classes: Sequence[tuple[int, int]], fraction: float) -> timedelta | None:
    remaining = fraction * sum(events for _, events in classes)
    for duration_class, events in classes:
        remaining -= events
        if remaining <= 0:
            return timedelta(milliseconds=2 ** (duration_class / _CLASSES_PER_OCTAVE))
    return None
