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
def test_recognizes_limits_by_status_text_or_headers(status: int, headers: dict[str, str], message: str) -> None:
    """Both kinds come with 403 or 429, and not always with a text."""
    assert is_rate_limited(status, headers, message)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(403, {"x-ratelimit-remaining": "12"}), (403, {}), (404, {"x-ratelimit-remaining": "0"}), (503, {})],
)
def test_other_errors_are_not_limits(status: int, headers: dict[str, str]) -> None:
    """A 403 is usually a missing permission."""
    assert not is_rate_limited(status, headers, "Resource not accessible by integration")


def test_retry_after_has_precedence() -> None:
    """As GitHub documents."""
    assert read_requested_wait({"retry-after": "30"} | reset(NOW + timedelta(minutes=20)), NOW) == 30


def test_retry_after_can_be_a_date() -> None:
    """Proxies write it so: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""
    assert read_requested_wait({"retry-after": at(NOW + timedelta(seconds=90))}, NOW) == 90


def test_reset_uses_the_clock_of_github() -> None:
    """The local clock may be wrong by hours."""
    github_time = NOW + timedelta(hours=5)

    assert read_requested_wait(reset(github_time + timedelta(minutes=10)) | {"date": at(github_time)}, NOW) == 600
    assert read_requested_wait(reset(NOW + timedelta(minutes=10)), NOW) == 600


def test_reset_matters_only_without_remaining_calls() -> None:
    """Every response has one, unrelated to a secondary limit."""
    headers = reset(NOW + timedelta(minutes=10)) | {"x-ratelimit-remaining": "4000"}

    assert read_requested_wait(headers, NOW) is None


def test_waits_without_a_requested_time_grow_to_a_limit() -> None:
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
def test_header_never_causes_an_error_or_a_wait_over_an_hour(headers: dict[str, str]) -> None:
    """It may be damaged or come from a proxy."""
    wait = read_requested_wait(headers, NOW)

    assert wait is None or 0 <= wait <= HOUR


@given(st.integers(0, 2**32))
def test_reads_dates_to_the_second(epoch: int) -> None:
    """They correct the clock."""
    moment = datetime.fromtimestamp(epoch, UTC)

    assert parse_http_date(at(moment)) == moment


@given(st.text(max_size=60))
def test_invalid_date_is_none(text: str) -> None:
    """Without an error, and never a time without a zone."""
    found = parse_http_date(text)

    assert found is None or found.tzinfo is not None
