"""Measure one window: one contender under one load for a few seconds."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import load
from benchmarks.common.services import Services
from benchmarks.common.window import measure_use
from benchmarks.receiving.contestant import Contestant


@dataclass(frozen=True)
class Cell:
    """Name one load: how many connections, and how many installations the deliveries belong to."""

    connections: int
    installations: int

    def __str__(self) -> str:
        """Name it in words."""
        return f"{_format_count(self.connections, 'connection')}, {_format_count(self.installations, 'installation')}"


@dataclass(frozen=True)
class Window:
    """The result of one window. CPU is in microseconds per event."""

    events_per_second: float
    app_us: float
    postgres_us: float
    redis_us: float
    p50_ms: float
    p99_ms: float
    others_cores: float
    """Cores used by other programs during the window: a measure of noise."""

    @property
    def total_us(self) -> float:
        """Add the CPU of all processes but the load generator's."""
        return self.app_us + self.postgres_us + self.redis_us


def measure(contestant: Contestant, services: Services, cell: Cell, deliveries: Path, seconds: int) -> Window:
    """Run one window from quiet to quiet; raise if an answer was not a success or an event was lost."""
    contestant.empty()
    services.flush_redis()
    used = measure_use(
        (contestant.pid, services.postgres_pid, services.redis_pid),
        lambda: load.post_deliveries(contestant.url, deliveries, cell.connections, seconds),
    )
    seen = used.result
    handled = _require_sound(contestant, seen, cell)
    app_us, postgres_us, redis_us = (us / handled for us in used.us)
    return Window(
        events_per_second=seen.per_second,
        app_us=app_us,
        postgres_us=postgres_us,
        redis_us=redis_us,
        p50_ms=seen.p50_ms,
        p99_ms=seen.p99_ms,
        others_cores=used.others_cores,
    )


def _require_sound(contestant: Contestant, seen: load.Load, cell: Cell) -> int:
    """Return how many events were handled.

    When wrk leaves, one request per connection is unanswered but still handled, and its CPU is in the
    figures. What was stored is counted; for those who store nothing, these requests count as handled.
    """
    stored = contestant.count_stored()
    problem = seen.problem
    if problem is None and contestant.contender.table is not None and stored < seen.requests:
        problem = f"{seen.requests} deliveries were acknowledged, {stored} are stored"
    if problem is not None:
        raise RuntimeError(f"{contestant.contender.name} at {cell.connections} connections: {problem}")
    return stored if contestant.contender.table is not None else seen.requests + cell.connections


def _format_count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"
