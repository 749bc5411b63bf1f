import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from adapters.github.api.circuit_breaker import BreakerPolicy


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of retries: no attempt starts later than `seconds` after the first. Times in seconds."""

    attempts: int = 3
    seconds: float = 12.0
    first_delay_seconds: float = 0.3
    max_delay_seconds: float = 4.0


class Backoff:
    """The delays between the attempts of one call: growing and random, so that callers do not synchronize."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._monotonic = monotonic
        self._draw = draw
        self._started_at = monotonic()
        self._attempts = 0

    def next_delay(self, requested_wait: float | None = None) -> float | None:
        """Return the seconds until the next attempt, at least `requested_wait`, or None to give up."""
        self._attempts += 1
        if self._attempts >= self._policy.attempts:
            return None
        longest = min(self._policy.first_delay_seconds * 2 ** (self._attempts - 1), self._policy.max_delay_seconds)
        wait = (requested_wait or 0.0) + longest * (0.5 + self._draw() / 2)
        elapsed = self._monotonic() - self._started_at
        return wait if elapsed + wait <= self._policy.seconds else None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of requests; times in seconds. GitHub itself ends a request after ten seconds."""

    connect_timeout: float = 5.0
    read_timeout: float = 12.0
    total_timeout: float = 30.0
    max_concurrent: int = 8
    """Concurrent calls with one credential."""
    max_connections: int = 64
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


class ConcurrencyLimit:
    """Limits the concurrent calls with one credential, as GitHub recommends.

    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        # The tasks that hold or await a semaphore keep it alive.
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Wait until a call is allowed, and count it during the block."""
        slots = self._slots.get(key)
        if slots is None:
            slots = self._slots[key] = asyncio.Semaphore(self._maximum)
        async with slots:
            yield
