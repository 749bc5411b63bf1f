"""Measure one window: one contender under one load for a few seconds."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.cpu import cpu_ticks, machine_ticks, microseconds, wait_until_quiet
from benchmarks.receive.contestant import Contestant
from benchmarks.services import Services


@dataclass(frozen=True)
class Cell:
    """Name one load: how many connections, and how many installations the deliveries belong to."""

    connections: int
    installations: int

    def __str__(self) -> str:
        """Name it in words."""
        return f"{_counted(self.connections, 'connection')}, {_counted(self.installations, 'installation')}"


@dataclass(frozen=True)
class Window:
    """Hold what one window measured; CPU in microseconds per event."""

    events_per_second: float
    app_us: float
    postgres_us: float
    redis_us: float
    p50_ms: float
    p99_ms: float
    others_cores: float
    """How many cores were kept busy by what is not part of the measurement: how noisy the window was."""

    @property
    def total_us(self) -> float:
        """Add the CPU of all processes but the load generator's."""
        return self.app_us + self.postgres_us + self.redis_us


def measure(contestant: Contestant, services: Services, cell: Cell, deliveries: Path, seconds: int) -> Window:
    """Run one window from quiet to quiet; raise if an answer was not a success or an event was lost."""
    roots = (contestant.pid, services.postgres_pid, services.redis_pid)
    contestant.empty()
    services.flush_redis()
    wait_until_quiet(roots)
    before, machine_before = [cpu_ticks(root) for root in roots], machine_ticks()
    seen = load.run(contestant.url, deliveries, cell.connections, seconds)
    wait_until_quiet(roots)
    used = [microseconds(cpu_ticks(root) - start) for root, start in zip(roots, before, strict=True)]
    others_us = microseconds(machine_ticks() - machine_before) - sum(used) - seen.generator_us
    handled = _require_sound(contestant, seen, cell)
    app_us, postgres_us, redis_us = (us / handled for us in used)
    return Window(
        events_per_second=seen.requests / seen.seconds,
        app_us=app_us,
        postgres_us=postgres_us,
        redis_us=redis_us,
        p50_ms=seen.p50_ms,
        p99_ms=seen.p99_ms,
        others_cores=max(0.0, others_us / 1_000_000 / seconds),
    )


def _require_sound(contestant: Contestant, seen: load.Load, cell: Cell) -> int:
    """Return how many events were handled.

    When wrk leaves, one request per connection is unanswered but still handled, and its CPU is in the
    figures. What was stored is counted; for those who store nothing, these requests count as handled.
    """
    stored = contestant.stored()
    problem = None
    if seen.refused or seen.broken:
        problem = f"{seen.refused} answers were not a success and {seen.broken} connections failed"
    elif contestant.contender.table is not None and stored < seen.requests:
        problem = f"{seen.requests} deliveries were acknowledged, {stored} are stored"
    if problem is not None:
        raise RuntimeError(f"{contestant.contender.name} at {cell.connections} connections: {problem}")
    return stored if contestant.contender.table is not None else seen.requests + cell.connections


def _counted(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"
