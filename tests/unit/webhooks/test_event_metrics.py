"""Figures about the processing of webhook events."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from statistics import quantiles

import pytest

from core.domain.events.event import EventStatus
from core.domain.events.metrics import (
    Bucket,
    ResultCount,
    TimeRangeInvalid,
    build_figures,
    choose_range,
    classify_duration,
)

START = datetime(2026, 9, 21, 12, tzinfo=UTC)


def test_percentiles_are_exact_to_ten_percent() -> None:
    seconds = [random.Random(number).lognormvariate(-5, 1.5) for number in range(5_000)]
    counts = [
        ResultCount(START, EventStatus.PROCESSED, classify_duration(timedelta(seconds=length)), 1) for length in seconds
    ]
    [figures] = build_figures(counts, START, START + timedelta(hours=1), Bucket.HOUR)
    exact = quantiles(seconds, n=100)
    assert figures.p50 is not None
    assert figures.p95 is not None
    assert figures.p50.total_seconds() == pytest.approx(exact[49], rel=0.1)
    assert figures.p95.total_seconds() == pytest.approx(exact[94], rel=0.1)


def test_each_interval_has_figures() -> None:
    """Also one without events; an hour belongs to its day of UTC."""
    counts = [
        ResultCount(START, EventStatus.PROCESSED, 8, 3),
        ResultCount(START, EventStatus.IGNORED, 8, 2),
        ResultCount(START + timedelta(hours=2), EventStatus.FAILED, 16, 1),
    ]
    since = (START + timedelta(minutes=30)).astimezone(timezone(timedelta(hours=5)))
    hours = build_figures(counts, since, START + timedelta(hours=3), Bucket.HOUR)
    assert [(one.total, one.processed, one.skipped, one.failed) for one in hours] == [
        (5, 3, 2, 0),
        (0, 0, 0, 0),
        (1, 0, 0, 1),
    ]
    assert [one.start for one in hours] == [START + timedelta(hours=number) for number in range(3)]
    assert (hours[0].p50, hours[1].p50, hours[2].p95) == (timedelta(milliseconds=4), None, timedelta(milliseconds=16))
    counts = [replace(count, start=Bucket.DAY.floor(count.start)) for count in counts]
    [day] = build_figures(counts, since, START + timedelta(hours=3), Bucket.DAY)
    assert (day.start, day.total) == (START.replace(hour=0), 6)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1), timedelta(days=32, microseconds=1)])
def test_rejects_an_empty_or_long_range(length: timedelta) -> None:
    for days, bucket in ((31, Bucket.DAY), (3, Bucket.HOUR)):
        until = START + timedelta(days=days)
        assert choose_range(START, until, bucket, now=START) == (START, until)
    with pytest.raises(TimeRangeInvalid):
        choose_range(START, START + length, Bucket.DAY, now=START)
    with pytest.raises(TimeRangeInvalid):
        choose_range(START, START + timedelta(days=4), Bucket.HOUR, now=START)


def test_the_range_is_the_last_day_by_default() -> None:
    assert choose_range(None, None, Bucket.HOUR, now=START) == (START - timedelta(days=1), START)


@pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_rejects_an_end_of_the_calendar(time: datetime) -> None:
    with pytest.raises(TimeRangeInvalid):
        choose_range(None, time, Bucket.HOUR, now=START)


def test_a_duration_of_nothing_has_a_class() -> None:
    assert classify_duration(timedelta(0)) == classify_duration(timedelta(seconds=-1))
