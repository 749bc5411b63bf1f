"""Compare the CPU cost of an event in a table of a thousand stored events and of a million."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
from psycopg import ClientCursor

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.load import wrk_version
from benchmarks.common.window import measure_use
from benchmarks.machine import packages
from benchmarks.processing.backlog import Backlog
from benchmarks.tables import noise, ratios, spread, table

_WEBHOOK_EVENTS = Path(__file__).with_name("webhook_events.sql")
_SIZES = (1_000, 30_000, 1_000_000)
_QUICK_SIZES = (1_000, 30_000)
_TOLERANCE = 0.2

_METHOD = """\
Each size has a separate database with that number of webhook events of 256 installations. Nine of ten
events were processed for a link and have domain events and attributions. Their payloads have 192 bytes,
because only their number matters here. The sizes run in turns. Before each window, the rows of the previous
window are deleted, the tables are vacuumed and analyzed, and a checkpoint is made. Then pushes of 7.6 KB
are posted over 64 connections and processed by one worker. CPU includes the service, PostgreSQL and Redis."""


@dataclass(frozen=True)
class Window:
    """CPU in microseconds per event."""

    received_us: float
    processed_us: float
    others_cores: float


Results = Mapping[int, Sequence[Window]]
"""The windows of each size, one per repetition."""


def run(stage: Stage) -> Report:
    """Fill databases of different sizes and measure them in turns."""
    backlogs = {size: _fill(stage, size) for size in (_QUICK_SIZES if stage.quick else _SIZES)}
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
    noise_text = noise(stage.repetitions, stage.seconds, others)
    software = [", ".join([*stage.servers.versions, wrk_version()]), packages("psycopg", "rq")]
    return Report(check(results), "\n\n".join([_METHOD, noise_text, _table(results)]), software)


def check(results: Results) -> Sequence[Demand]:
    """Check that the cost with the most stored events equals the cost with the fewest."""
    largest, smallest = max(results), min(results)
    demands = []
    for name in ("received", "processed"):
        found = median(_ratios(results, largest, name))
        demand = f"CPU per event {name} stays flat (±20 %) from {smallest:,} to {largest:,} stored events"
        demands.append(Demand(demand, f"{found - 1:+.0%}", abs(found - 1) <= _TOLERANCE))
    return demands


def _fill(stage: Stage, size: int) -> Backlog:
    click.echo(f"creating {size:,} stored events")
    backlog = Backlog(stage.servers, stage.home, f"growth_{size}")
    with backlog.database() as database:
        with ClientCursor(database) as cursor:  # several statements with parameters are merged on this side
            cursor.execute(_WEBHOOK_EVENTS.read_bytes(), {"rows": size})
        database.execute("VACUUM (FREEZE, ANALYZE)")
    backlog.keep()
    return backlog


def _measure(backlog: Backlog, seconds: int) -> Window:
    backlog.empty()
    servers = backlog.services
    with backlog.api() as api:
        api.post(1)  # fills its connections and caches
        backlog.empty()
        used = measure_use((api.pid, servers.postgres_pid, servers.redis_pid), lambda: api.post(seconds))
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
    columns = ("stored events", "receiving: CPU µs/event", "relative to the smallest")
    return table((*columns, "processing: CPU µs/event", "relative to the smallest"), rows)


BENCHMARK = Benchmark("Growth of stored events", run)
