import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a call that changes nothing is tried; times in seconds.

    Bounded twice: no more than `attempts`, and none begins later than `seconds` after the first.
    """

    attempts: int = 3
    seconds: float = 12.0
    first_delay_seconds: float = 0.3
    max_delay_seconds: float = 4.0


class Backoff:
    """The waits between the tries of one call: growing, and random, so that callers do not come in step."""

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
        self._began = monotonic()
        self._tries = 0

    def next_delay(self, asked: float | None = None) -> float | None:
        """Return how long to wait before another try, at least what was asked for, or None to give up."""
        self._tries += 1
        if self._tries >= self._policy.attempts:
            return None
        longest = min(self._policy.first_delay_seconds * 2 ** (self._tries - 1), self._policy.max_delay_seconds)
        wait = (asked or 0.0) + longest * (0.5 + self._draw() / 2)
        elapsed = self._monotonic() - self._began
        return wait if elapsed + wait <= self._policy.seconds else None
