"""When GitHub says "not now", and for how long.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# The primary limit is by the hour, so nothing has to wait longer, whatever a header says.
_LONGEST_WAIT = 3600.0

# What GitHub asks of whom it gives no time: at least a minute, growing, with an end.
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 900.0

_MOST_DIGITS = 15


def is_rate_limited(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Tell whether an answer means a rate limit; GitHub uses 403 and 429 for both of its kinds."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status != HTTPStatus.FORBIDDEN:
        return False
    said = message.lower()
    return (
        "rate limit" in said
        or "abuse detection" in said  # the secondary limit in older GitHub Enterprise Servers
        or "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
    )


def read_requested_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds GitHub asks us to wait, or None where it names no time.

    The time of the reset is by GitHub's clock, so it is compared with the answer's own `Date`, not with ours.
    """
    theirs = parse_http_date(headers.get("date")) or now
    retry_after = headers.get("retry-after")
    if retry_after is not None:
        seconds = _parse_seconds(retry_after)
        if seconds is not None:
            return seconds
        date = parse_http_date(retry_after)
        if date is not None:
            return _clamp((date - theirs).total_seconds())
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _parse_number(headers.get("x-ratelimit-reset"))
        if reset is not None:
            return _clamp(reset - theirs.timestamp())
    return None


def read_remaining_fraction(headers: Mapping[str, str]) -> float | None:
    """Return which part of the hour's calls is left, or None where the answer does not say it."""
    limit, left = (_parse_number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
    return None if not limit or left is None else left / limit


def compute_pause(refusals: int) -> float:
    """Return how many seconds to wait unasked, after so many refusals in a row (from 1)."""
    return float(min(_FIRST_PAUSE * 2 ** min(refusals - 1, 10), _LONGEST_PAUSE))


def parse_http_date(text: str | None) -> datetime | None:
    """Return a header's date, or None where it is none: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7."""
    try:
        found = parsedate_to_datetime(text) if text else None
        return found.astimezone(UTC) if found is not None and found.tzinfo else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _parse_seconds(text: str) -> float | None:
    number = _parse_number(text)
    return None if number is None else _clamp(number)


def _parse_number(text: str | None) -> float | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        return None
    return float(int(text))


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_WAIT)
