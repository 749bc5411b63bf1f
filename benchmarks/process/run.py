"""Compare the workers: each drains a backlog in turn, again and again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from benchmarks.deliveries import signed_pushes
from benchmarks.errors import Unavailable
from benchmarks.process.drain import Drain
from benchmarks.process.ours import Backlog
from benchmarks.process.rq_baseline import FORKING, SIMPLE, drain_once
from benchmarks.services import Services

OURS = "crewkit-git worker"
_SIMPLE = "one RQ job per event, SimpleWorker + psycopg, row update"
_FORKING = "one RQ job per event, forking Worker + ORM, row update"


@dataclass(frozen=True)
class Results:
    """Hold the drains of each worker, one per repetition in order, and why any are missing."""

    drains: Mapping[str, list[Drain]]
    unavailable: Mapping[str, str]


def run(repetitions: int, services: Services, example: Path, home: Path) -> Results:
    """Measure drain after drain."""
    pushes = signed_pushes(example, 1, SIMPLE.backlog)
    log = home / "rq-worker.log"
    workers: dict[str, Callable[[], Drain]] = {
        _SIMPLE: partial(drain_once, SIMPLE, services, pushes, log),
        _FORKING: partial(drain_once, FORKING, services, pushes, log),
    }
    unavailable = {}
    try:
        workers = {OURS: Backlog(services, example, home).drain_once, **workers}
    except Unavailable as reason:
        unavailable[OURS] = str(reason)
        click.echo(f"  {OURS}: left out, {reason}")
    drains: dict[str, list[Drain]] = {}
    for repetition in range(repetitions):
        click.echo(f"repetition {repetition + 1} of {repetitions}: processing")
        for name, drain in workers.items():
            drains.setdefault(name, []).append(drained := drain())
            _show(name, drained)
    return Results(drains, unavailable)


def _show(name: str, drain: Drain) -> None:
    cpu = f"{drain.worker_us:,.0f} + {drain.postgres_us:,.0f} + {drain.redis_us:,.0f}"
    click.echo(f"  {name:<58} {drain.events_per_second:>6,.0f}/s {drain.total_us:>7,.0f} µs = {cpu}")
