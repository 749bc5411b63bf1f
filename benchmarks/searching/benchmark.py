"""Measure lists and searches of the catalog, authorized and over REST, with a mix of twenty requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common import load
from benchmarks.common.services import Services
from benchmarks.common.window import measure_use
from benchmarks.machine import packages
from benchmarks.searching.scene import Scene, searchable
from benchmarks.tables import noise, spread, sum_of_medians, table

SMALL, LARGE = 10_000, 100_000

_CONNECTIONS = ALONE, BUSY = (1, 16)
_SCRIPT = Path(__file__).with_name("queries.lua")

_METHOD = """\
Twenty requests run in turns, each for a page of 50: without text (three times, and with a filter), with one
and two letters, with common, rare and absent texts, and two second pages. A member of the organization
sends them over REST; each request verifies the token and checks the permission. One table of 170,000 rows
contains both catalogs and those of thirty other organizations."""


@dataclass(frozen=True)
class Window:
    """Hold what one window measured; CPU in microseconds per request."""

    requests_per_second: float
    api_us: float
    postgres_us: float
    p50_ms: float
    p95_ms: float
    others_cores: float


Results = Mapping[tuple[int, int], Sequence[Window]]
"""The windows of each catalog's size and number of connections, one per repetition."""


def run(stage: Stage) -> Report:
    """Measure window after window."""
    load.find_wrk()
    click.echo("creating the catalogs")
    with searchable((SMALL, LARGE), stage.servers, stage.home) as scene:
        for questions in scene.questions:
            _ask(scene, questions, BUSY, 2)  # fills caches and connection pools
        results = _windows(stage, scene)
    others = [window.others_cores for windows in results.values() for window in windows]
    noise_text = noise(stage.repetitions, stage.seconds, others)
    software = [
        ", ".join([*stage.servers.versions, load.wrk_version()]),
        packages("uvicorn", "uvloop", "httptools", "starlette", "psycopg"),
    ]
    return Report(check(results), "\n\n".join([_METHOD, noise_text, _table(results)]), software)


def check(results: Results) -> Sequence[Demand]:
    """Check the demands on searching."""
    p50 = median(window.p50_ms for window in results[SMALL, ALONE])
    p95 = median(window.p95_ms for window in results[LARGE, ALONE])
    cpu = max(median(window.api_us for window in results[size, BUSY]) for size in (SMALL, LARGE))
    return (
        Demand(f"p50 of {SMALL:,} repositories at most 5 ms", f"{p50:.2f} ms", p50 <= 5),
        Demand(f"p95 of {LARGE:,} repositories at most 15 ms", f"{p95:.2f} ms", p95 <= 15),
        Demand("at most 600 µs of CPU per request in the API", f"{cpu:.0f} µs", cpu <= 600),
    )


def _windows(stage: Stage, scene: Scene) -> Results:
    results: dict[tuple[int, int], list[Window]] = {}
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        for size, questions in zip((SMALL, LARGE), scene.questions, strict=True):
            for connections in _CONNECTIONS:
                window = _measure(scene, stage.servers, questions, connections, stage.seconds)
                results.setdefault((size, connections), []).append(window)
                _show(size, connections, window)
    return results


def _measure(scene: Scene, servers: Services, questions: Path, connections: int, seconds: int) -> Window:
    used = measure_use((scene.pid, servers.postgres_pid), lambda: _ask(scene, questions, connections, seconds))
    seen = used.result
    api_us, postgres_us = (us / seen.requests for us in used.us)
    return Window(seen.per_second, api_us, postgres_us, seen.p50_ms, seen.p95_ms, used.others_cores)


def _ask(scene: Scene, questions: Path, connections: int, seconds: int) -> load.Load:
    """Ask over this many connections for this long; raise if an answer was not a success."""
    seen = load.run(scene.url, _SCRIPT, connections, seconds, str(questions))
    if seen.problem:
        raise RuntimeError(seen.problem)
    return seen


def _table(results: Results) -> str:
    rows = [
        (
            f"{size:,}",
            str(connections),
            spread([window.requests_per_second for window in windows]),
            spread([window.api_us + window.postgres_us for window in windows]),
            sum_of_medians([[window.api_us, window.postgres_us] for window in windows]),
            spread([window.p50_ms for window in windows], digits=2),
            spread([window.p95_ms for window in windows], digits=2),
        )
        for (size, connections), windows in sorted(results.items())
    ]
    columns = (
        *("repositories", "connections", "requests/s", "CPU µs/request", "API + PostgreSQL"),
        *("p50 ms", "p95 ms"),
    )
    return table(columns, rows)


def _show(size: int, connections: int, window: Window) -> None:
    click.echo(
        f"  {size:>7,} repositories, {connections:>2} connections: {window.requests_per_second:>6,.0f}/s, "
        f"{window.api_us:,.0f} + {window.postgres_us:,.0f} µs, "
        f"p50 {window.p50_ms:.2f} p95 {window.p95_ms:.2f} ms"
    )


BENCHMARK = Benchmark("Searching the repository catalog", run)
