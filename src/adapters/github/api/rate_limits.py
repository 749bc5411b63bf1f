"""GitHub's rate limits: their headers, and pauses after a limit is reached.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from core.domain.provider_errors import RateLimited
from ports.system import Clock

# The primary limit is hourly, so no wait is longer, whatever a header says.
_LONGEST_WAIT = 3600.0

# Without a `Retry-After`, GitHub requires at least a minute, growing with each rejection.
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 900.0

_MAX_DIGITS = 15
_MAX_PAUSES = 4096


def is_rate_limited(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Return whether a response means a rate limit; GitHub uses 403 and 429 for both kinds."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status != HTTPStatus.FORBIDDEN:
        return False
    lower_message = message.lower()
    return (
        "rate limit" in lower_message
        or "abuse detection" in lower_message  # the secondary limit in older GitHub Enterprise Servers
        or "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
    )


def read_requested_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that GitHub requires to wait, or None if the response does not contain them.

    The reset time is by GitHub's clock, so it is compared with the response's `Date`.
    """
    provider_time = parse_http_date(headers.get("date")) or now
    retry_after = headers.get("retry-after")
    if retry_after is not None:
        seconds = _parse_seconds(retry_after)
        if seconds is not None:
            return seconds
        date = parse_http_date(retry_after)
        if date is not None:
            return _clamp((date - provider_time).total_seconds())
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _parse_number(headers.get("x-ratelimit-reset"))
        if reset is not None:
            return _clamp(reset - provider_time.timestamp())
    return None


def read_remaining_fraction(headers: Mapping[str, str]) -> float | None:
    """Return the remaining fraction of the hourly limit, or None if the response does not contain it."""
    limit, left = (_parse_number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
    return None if not limit or left is None else left / limit


def compute_pause(refusals: int) -> float:
    """Return the default wait in seconds after this number of consecutive rejections, from 1."""
    return float(min(_FIRST_PAUSE * 2 ** min(refusals - 1, 10), _LONGEST_PAUSE))


def parse_http_date(text: str | None) -> datetime | None:
    """Return the date of a header, or None if it is invalid: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7."""
    try:
        date = parsedate_to_datetime(text) if text else None
        return date.astimezone(UTC) if date is not None and date.tzinfo else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _parse_seconds(text: str) -> float | None:
    number = _parse_number(text)
    return None if number is None else _clamp(number)


def _parse_number(text: str | None) -> float | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > _MAX_DIGITS:
        return None
    return float(int(text))


def _clamp(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_WAIT)


class Pauses:
    """Pauses by credential: requests during a rate limit can get the app banned."""

    def __init__(self, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._refusals: dict[str, int] = {}

    def check(self, key: str) -> None:
        """Raise `RateLimited` during the pause of the key."""
        until = self._until.get(key)
        if until is None:
            return
        seconds = until - self._monotonic()
        if seconds > 0:
            raise self._build_error(seconds)
        del self._until[key]

    def start(self, key: str, requested_wait: float | None) -> RateLimited:
        """Start or extend a pause, by default of a growing length, and return the error."""
        self._delete_ended()
        now = self._monotonic()
        # Concurrent calls that are rejected together count as one rejection.
        if self._until.get(key, now) <= now:
            self._refusals[key] = self._refusals.get(key, 0) + 1
        seconds = compute_pause(self._refusals.get(key, 1)) if requested_wait is None else requested_wait
        self._until[key] = max(self._until.get(key, now), now + seconds)
        return self._build_error(seconds)

    def reset(self, key: str) -> None:
        """Forget earlier rejections after a success, so that the next pause is short again."""
        self._refusals.pop(key, None)

    def _build_error(self, seconds: float) -> RateLimited:
        return RateLimited(self._clock.now() + timedelta(seconds=seconds), retry_after=seconds)

    def _delete_ended(self) -> None:
        if len(self._until) >= _MAX_PAUSES:
            now = self._monotonic()
            self._until = {key: until for key, until in self._until.items() if until > now}
        if len(self._refusals) >= _MAX_PAUSES:
            self._refusals = {key: count for key, count in self._refusals.items() if key in self._until}
