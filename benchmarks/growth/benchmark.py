"""Measure what an event costs beside a thousand rows of the ledger and beside a million."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
from psycopg import ClientCursor

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.load import wrk_version
from benchmarks.common.window import used_by
from benchmarks.machine import packages
from benchmarks.processing.backlog import Backlog
from benchmarks.tables import noise, ratios, spread, table

_LEDGER = Path(__file__).with_name("ledger.sql")
_SIZES = (1_000, 30_000, 1_000_000)
_QUICK_SIZES = (1_000, 30_000)
_TOLERANCE = 0.2

_METHOD = """\
Each size is a database of its own, made set-wise: so many events of 256 installations, nine in ten processed
for a link, with their domain events and attributions. Their payloads are 192 bytes, since only their number
counts here. Sizes take turns; before each window the last one's rows are removed, the tables vacuumed and
analyzed, and a checkpoint made. Then pushes of 7.6 KB are posted over 64 connections, and drained by one
worker. CPU is that of the service, PostgreSQL and Redis."""


@dataclass(frozen=True)
class Window:
    """Hold the CPU in microseconds per event."""

    received_us: float
    processed_us: float
    others_cores: float


Results = Mapping[int, Sequence[Window]]
"""The windows of each size, one per repetition."""


def run(stage: Stage) -> Report:
    """Fill the ledgers and let them take turns."""
    backlogs = {size: _filled(stage, size) for size in (_QUICK_SIZES if stage.quick else _SIZES)}
    results: dict[int, list[Window]] = {size: [] for size in backlogs}
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        for size, backlog in backlogs.items():
            results[size].append(window := _measure(backlog, stage.seconds))
            click.echo(
                f"  {size:>9,} rows: received {window.received_us:,.0f} µs, "
                f"processed {window.processed_us:,.0f} µs, others {window.others_cores:.1f} cores"
            )
    others = [window.others_cores for windows in results.values() for window in windows]
    told = noise(stage.repetitions, stage.seconds, others)
    software = [", ".join([*stage.servers.versions, wrk_version()]), packages("psycopg", "rq")]
    return Report(check(results), "\n\n".join([_METHOD, told, _table(results)]), software)


def check(results: Results) -> Sequence[Demand]:
    """Check that the largest ledger costs what the smallest does."""
    largest, smallest = max(results), min(results)
    demands = []
    for name in ("received", "processed"):
        found = median(_ratios(results, largest, name))
        demand = f"CPU per event {name} flat (±20 %) from {smallest:,} to {largest:,} ledger rows"
        demands.append(Demand(demand, f"{found - 1:+.0%}", abs(found - 1) <= _TOLERANCE))
    return demands


def _filled(stage: Stage, size: int) -> Backlog:
    click.echo(f"filling a ledger with {size:,} rows")
    backlog = Backlog(stage.servers, stage.home, f"growth_{size}")
    with backlog.database() as database:
        with ClientCursor(database) as cursor:  # several statements with parameters are merged on this side
            cursor.execute(_LEDGER.read_bytes(), {"rows": size})
        database.execute("VACUUM (FREEZE, ANALYZE)")
    backlog.keep()
    return backlog


def _measure(backlog: Backlog, seconds: int) -> Window:
    backlog.empty()
    servers = backlog.services
    with backlog.api() as api:
        api.post(1)  # fills its connections and caches
        backlog.empty()
        used = used_by((api.pid, servers.postgres_pid, servers.redis_pid), lambda: api.post(seconds))
    received_us = sum(used.us) / used.result.requests
    return Window(received_us, backlog.drain().total_us, used.others_cores)


def _ratios(results: Results, size: int, name: str) -> list[float]:
    smallest, these = ([getattr(w, f"{name}_us") for w in results[s]] for s in (min(results), size))
    return ratios(smallest, these)


def _table(results: Results) -> str:
    rows = [
        (
            f"{size:,}",
            *(
                cell
                for name in ("received", "processed")
                for cell in (
                    spread([getattr(window, f"{name}_us") for window in windows]),
                    spread(_ratios(results, size, name), digits=2),
                )
            ),
        )
        for size, windows in results.items()
    ]
    columns = ("ledger rows", "receiving: CPU µs/event", "beside the smallest")
    return table((*columns, "processing: CPU µs/event", "beside the smallest"), rows)


BENCHMARK = Benchmark("Growth of the ledger", run)
