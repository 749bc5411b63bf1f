"""Measure how fast one worker works off a backlog."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.common.cpu import cpu_ticks, microseconds
from benchmarks.common.services import Services

_POLL_SECONDS = 0.1
_STALL_SECONDS = 60.0


@dataclass(frozen=True)
class Drain:
    """Hold what one drain measured; CPU in microseconds per event."""

    events_per_second: float
    worker_us: float
    postgres_us: float
    redis_us: float

    @property
    def total_us(self) -> float:
        """Add the CPU of the worker and of both servers."""
        return self.worker_us + self.postgres_us + self.redis_us


def measure(worker_pids: Sequence[int], services: Services, backlog: int, remaining: Callable[[], int]) -> Drain:
    """Measure from the first event that is seen done to the last, so that starting workers is not counted.

    Raises `TimeoutError` if nothing is done for a minute.
    """
    roots = (*worker_pids, services.postgres_pid, services.redis_pid)
    first = _wait_until_below(backlog, remaining)
    began, before = time.monotonic(), [cpu_ticks(root) for root in roots]
    left = first
    while left > 0:
        left = _wait_until_below(left, remaining)
    seconds = time.monotonic() - began
    used = [microseconds(cpu_ticks(root) - start) / first for root, start in zip(roots, before, strict=True)]
    *workers, postgres, redis = used
    return Drain(first / seconds, sum(workers), postgres, redis)


def _wait_until_below(count: int, remaining: Callable[[], int]) -> int:
    deadline = time.monotonic() + _STALL_SECONDS
    while time.monotonic() < deadline:
        left = remaining()
        if left < count:
            return left
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the worker did nothing for {_STALL_SECONDS:.0f} s with {count} events left")
