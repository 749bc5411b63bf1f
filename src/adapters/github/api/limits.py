import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from adapters.github.api.rate_limits import compute_pause
from core.domain.provider_errors import RateLimited
from ports.system import Clock

_MOST_PAUSES = 4096


class ConcurrencyLimit:
    """At most so many calls at once with one credential; GitHub asks for few, and counts them together.

    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Kept alive by those who hold or await them, so that keys come and go.
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it for the length of the block."""
        slots = self._slots.get(key)
        if slots is None:
            slots = self._slots[key] = asyncio.Semaphore(self._most)
        async with slots:
            yield


class Pauses:
    """Who must not ask for how long: asking on while limited may get the app banned."""

    def __init__(self, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._refusals: dict[str, int] = {}

    def check(self, key: str) -> None:
        """Raise `RateLimited` while the key's pause lasts."""
        until = self._until.get(key)
        if until is None:
            return
        seconds = until - self._monotonic()
        if seconds > 0:
            raise self._build_error(seconds)
        del self._until[key]

    def begin(self, key: str, asked: float | None) -> RateLimited:
        """Begin or lengthen a pause, of the length asked for if any; return the error that tells of it."""
        self._delete_ended()
        now = self._monotonic()
        # Several calls may be under way when a limit is met; together they were refused once.
        if self._until.get(key, now) <= now:
            self._refusals[key] = self._refusals.get(key, 0) + 1
        seconds = compute_pause(self._refusals.get(key, 1)) if asked is None else asked
        self._until[key] = max(self._until.get(key, now), now + seconds)
        return self._build_error(seconds)

    def answered(self, key: str) -> None:
        """Forget earlier refusals: the next pause begins short again."""
        self._refusals.pop(key, None)

    def _build_error(self, seconds: float) -> RateLimited:
        return RateLimited(self._clock.now() + timedelta(seconds=seconds), retry_after=seconds)

    def _delete_ended(self) -> None:
        if len(self._until) >= _MOST_PAUSES:
            now = self._monotonic()
            self._until = {key: until for key, until in self._until.items() if until > now}
        if len(self._refusals) >= _MOST_PAUSES:
            self._refusals = {key: count for key, count in self._refusals.items() if key in self._until}
