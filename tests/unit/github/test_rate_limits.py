"""GitHub's limits: whether an answer is one, and how long it asks us to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.rate_limits import compute_pause, is_rate_limited, parse_http_date, read_requested_wait

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = 3600.0


def at(moment: datetime) -> str:
    """Write a time as `Date` does."""
    return format_datetime(moment, usegmt=True)


def reset(moment: datetime) -> dict[str, str]:
    """Make the headers of a used-up hour."""
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(moment.timestamp()))}


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (429, {}, ""),
        (403, {}, "API rate limit exceeded for installation ID 123."),
        (403, {}, "You have exceeded a secondary rate limit. Please wait a few minutes."),
        (403, {}, "You have triggered an abuse detection mechanism."),
        (403, {"retry-after": "60"}, ""),
        (403, {"x-ratelimit-remaining": "0"}, ""),
    ],
)
def test_limits_are_known_by_status_words_or_headers(status: int, headers: dict[str, str], message: str) -> None:
    """Both kinds of limit come with 403 or 429, and not always with words."""
    assert is_rate_limited(status, headers, message)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(403, {"x-ratelimit-remaining": "12"}), (403, {}), (404, {"x-ratelimit-remaining": "0"}), (503, {})],
)
def test_other_refusals_are_no_limits(status: int, headers: dict[str, str]) -> None:
    """A 403 is far more often a missing permission."""
    assert not is_rate_limited(status, headers, "Resource not accessible by integration")


def test_retry_after_comes_before_the_reset() -> None:
    """In the order GitHub documents."""
    assert read_requested_wait({"retry-after": "30"} | reset(NOW + timedelta(minutes=20)), NOW) == 30


def test_retry_after_may_be_a_date() -> None:
    """Proxies write it so: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""
    assert read_requested_wait({"retry-after": at(NOW + timedelta(seconds=90))}, NOW) == 90


def test_the_reset_counts_by_githubs_clock() -> None:
    """Ours may be wrong by hours, which must not make the wait wrong."""
    theirs = NOW + timedelta(hours=5)

    assert read_requested_wait(reset(theirs + timedelta(minutes=10)) | {"date": at(theirs)}, NOW) == 600
    assert read_requested_wait(reset(NOW + timedelta(minutes=10)), NOW) == 600


def test_a_reset_matters_only_when_nothing_remains() -> None:
    """Every answer names a reset; of a secondary limit it says nothing."""
    headers = reset(NOW + timedelta(minutes=10)) | {"x-ratelimit-remaining": "4000"}

    assert read_requested_wait(headers, NOW) is None


def test_unasked_waits_grow_and_end() -> None:
    """At least a minute, as GitHub asks, and never hours."""
    waits = [compute_pause(refusals) for refusals in range(1, 40)]

    assert waits[:4] == [60, 120, 240, 480]
    assert waits == sorted(waits)
    assert waits[-1] == 900


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date"]),
        st.one_of(
            st.text(max_size=40), st.integers().map(str), st.sampled_from(["0", "NaN", "inf", "1e9", "²", "9" * 5000])
        ),
    )
)
def test_no_header_makes_us_wait_longer_than_an_hour_or_fail(headers: dict[str, str]) -> None:
    """A header may come damaged or from anyone in between."""
    wait = read_requested_wait(headers, NOW)

    assert wait is None or 0 <= wait <= HOUR


@given(st.integers(0, 2**32))
def test_dates_are_read_to_the_second(epoch: int) -> None:
    """They are what our clock is corrected by."""
    moment = datetime.fromtimestamp(epoch, UTC)

    assert parse_http_date(at(moment)) == moment


@given(st.text(max_size=60))
def test_what_is_no_date_is_none(text: str) -> None:
    """Never an error, and never a time without a zone."""
    found = parse_http_date(text)

    assert found is None or found.tzinfo is not None
