"""Compare workers: each processes a backlog, in turns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import click

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.deliveries import sign_pushes
from benchmarks.common.errors import Unavailable
from benchmarks.common.load import wrk_version
from benchmarks.machine import packages
from benchmarks.processing.backlog import Backlog
from benchmarks.processing.drain import Drain
from benchmarks.processing.rq_baseline import FORKING, SIMPLE, drain_once
from benchmarks.tables import spread, sum_of_medians, table

WORKER = "crewkit-git worker"
WITH_RULES = "crewkit-git worker, all links with rules"
_RULES: Mapping[str, Any] = {
    "branches": ["main", "release/*", "!release/*-wip"],
    "tags": ["v*"],
    "paths": ["apps/web/**", "packages/ui/**", "**/*.py", "!docs/**", "!**/*.md"],
    "pull_requests": {"base_branches": ["main"], "drafts": False},
    "bots": "ignore",
}
_SIMPLE = "one RQ job per event, SimpleWorker + psycopg, row update"
_FORKING = "one RQ job per event, forking Worker + ORM, row update"

_LOAD_SECONDS = 3

_METHOD = """\
One worker process processes a backlog of pushes of 7.6 KB. For crewkit-git, the pushes are spread over all
lanes. Each push belongs to an active integration with a linked project, and must have a `git.push` domain
event and attributed commits afterwards. With rules, each link has 10 patterns, and selects all pushes. The other
workers only read the payload and update the row."""


@dataclass(frozen=True)
class Results:
    """The drains of each worker, one per repetition, and the reasons for missing ones."""

    drains: Mapping[str, Sequence[Drain]]
    unavailable: Mapping[str, str]


def run(stage: Stage) -> Report:
    """Measure drain after drain."""
    results = _drain(stage)
    software = [", ".join([*stage.servers.versions, wrk_version()]), packages("psycopg", "rq", "redis", "sqlalchemy")]
    return Report(check(results), body(results), software)


def check(results: Results) -> Sequence[Demand]:
    """Check the demands on processing."""
    worker_drain = results.drains.get(WORKER)
    rate = median(drain.events_per_second for drain in worker_drain) if worker_drain else 0.0
    demands = [Demand("at least 2,000 pushes/s per worker, including all effects", f"{rate:,.0f}", rate >= 2_000)]
    if worker_drain and (with_rules := results.drains.get(WITH_RULES)):
        # By CPU time, which other programs on the machine change less than the rate.
        ratio = median(drain.total_us for drain in worker_drain) / median(drain.total_us for drain in with_rules)
        demand = "at least 0.9 times as many pushes per CPU second with rules on all links"
        demands.append(Demand(demand, f"{ratio:.2f}", ratio >= 0.9))
    return demands


def body(results: Results) -> str:
    """Return all figures in Markdown."""
    rows: list[Sequence[str]] = [
        (name, f"not measured: {reason}", "", "") for name, reason in results.unavailable.items()
    ]
    for name, drains in results.drains.items():
        parts = [[drain.worker_us, drain.postgres_us, drain.redis_us] for drain in drains]
        rows.append(
            (
                f"**{name}**" if name == WORKER else name,
                spread([drain.events_per_second for drain in drains]),
                spread([drain.total_us for drain in drains]),
                sum_of_medians(parts),
            )
        )
    columns = ("", "events/s", "CPU µs/event", "worker + PostgreSQL + Redis")
    return f"{_METHOD}\n\n{table(columns, rows)}"


def _drain(stage: Stage) -> Results:
    workers: dict[str, Callable[[], Drain]] = {}
    unavailable = {}
    try:
        backlog = Backlog(stage.servers, stage.home, "processing")
        workers[WORKER] = partial(_drain_backlog, backlog, {})
        workers[WITH_RULES] = partial(_drain_backlog, backlog, _RULES)
    except Unavailable as reason:
        unavailable[WORKER] = str(reason)
        click.echo(f"  {WORKER}: skipped, {reason}")
    if not stage.quick:
        pushes, log = sign_pushes(1, SIMPLE.backlog), stage.home / "rq-worker.log"
        workers[_SIMPLE] = partial(drain_once, SIMPLE, stage.servers, pushes, log)
        workers[_FORKING] = partial(drain_once, FORKING, stage.servers, pushes, log)
    drains: dict[str, list[Drain]] = {}
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        for name, drain in workers.items():
            drains.setdefault(name, []).append(drained := drain())
            _show(name, drained)
    return Results(drains, unavailable)


def _drain_backlog(backlog: Backlog, rules: Mapping[str, Any]) -> Drain:
    backlog.set_rules(rules)
    backlog.empty()
    with backlog.api() as api:
        api.post(_LOAD_SECONDS)
    return backlog.drain()


def _show(name: str, drain: Drain) -> None:
    cpu = f"{drain.worker_us:,.0f} + {drain.postgres_us:,.0f} + {drain.redis_us:,.0f}"
    click.echo(f"  {name:<58} {drain.events_per_second:>6,.0f}/s {drain.total_us:>7,.0f} µs = {cpu}")


BENCHMARK = Benchmark("Processing a backlog", run)
