"""Compare two processes with one, and measure the memory of the API in a long run."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import click
import psutil

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.load import wrk_version
from benchmarks.common.server import free_port
from benchmarks.machine import packages
from benchmarks.processing.backlog import Api, Backlog
from benchmarks.tables import spread, table

_LONG = 200_000
_STEPS = 5
_MIB = 1024 * 1024
# Buffers reach their size in the first part. Growth after that would not stop.
_MOST_GROWTH = 0.1
_NO_LESS = 0.95

_METHOD = f"""\
One load generator for each API posts pushes of 7.6 KB. Then workers process them. All processes share the
two cores of one machine with PostgreSQL, Redis and the load generators, so a second process can only use
the CPU that the first left idle. On separate machines, they would share only PostgreSQL. At the end, one
API receives {_LONG:,} deliveries, and its memory is measured {_STEPS} times."""


@dataclass(frozen=True)
class Window:
    """The rates per second of one repetition, with one and with two processes."""

    received: tuple[float, float]
    processed: tuple[float, float]


def run(stage: Stage) -> Report:
    """Measure repetition after repetition, then the long run."""
    backlog = Backlog(stage.servers, stage.home, "scaling")
    windows = []
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        received, processed = [], []
        for processes in (1, 2):
            backlog.empty()
            received.append(_receive(backlog, processes, stage.seconds))
            processed.append(backlog.drain(processes).events_per_second)
        windows.append(Window((received[0], received[1]), (processed[0], processed[1])))
        click.echo(
            f"  received {received[0]:,.0f} and {received[1]:,.0f}/s, "
            f"processed {processed[0]:,.0f} and {processed[1]:,.0f}/s"
        )
    count, sizes = _memory(backlog, 20_000 if stage.quick else _LONG)
    click.echo(f"  {count:,} deliveries: {', '.join(f'{size:.0f}' for size in sizes)} MiB")
    software = [", ".join([*stage.servers.versions, wrk_version()]), packages("psycopg", "rq", "uvloop")]
    return Report(check(windows, count, sizes), _body(windows, count, sizes), software)


def check(windows: Sequence[Window], count: int, sizes: Sequence[float]) -> Sequence[Demand]:
    """Check that a second process does not slow down the first, and that memory is flat."""
    received = median(two / one for one, two in (window.received for window in windows))
    processed = median(two / one for one, two in (window.processed for window in windows))
    growth = sizes[-1] / sizes[0] - 1
    return (
        Demand("two APIs receive at least as much as one on the same cores", f"{received:.2f} times", received >= 0.95),
        Demand(
            "two workers process at least as much as one on the same cores", f"{processed:.2f} times", processed >= 0.95
        ),
        Demand(
            f"API memory stays flat (±{_MOST_GROWTH:.0%}) over {count:,} deliveries",
            f"{growth:+.1%}",
            abs(growth) <= _MOST_GROWTH,
        ),
    )


def _receive(backlog: Backlog, processes: int, seconds: int) -> float:
    """Return the deliveries per second that this many APIs store, each with a separate load generator."""
    with ExitStack() as stack, ThreadPoolExecutor(processes) as threads:
        apis = [stack.enter_context(backlog.api(free_port())) for _ in range(processes)]
        for api in apis:
            api.post(1)  # fills its connections and caches
        rates: list[float] = [load.per_second for load in threads.map(lambda api: api.post(seconds), apis)]
        return sum(rates)


def _memory(backlog: Backlog, wanted: int) -> tuple[int, list[float]]:
    """Let one API receive so many deliveries; return how many it were, and its memory along the way."""
    backlog.empty()
    with backlog.api() as api:
        count, sizes = 0, list[float]()
        while len(sizes) < _STEPS:
            while count < wanted * (len(sizes) + 1) / _STEPS:
                count += api.post(1).requests
            sizes.append(_size(api))
    return count, sizes


def _size(api: Api) -> float:
    found: float = psutil.Process(api.pid).memory_info().rss / _MIB
    return found


def _body(windows: Sequence[Window], count: int, sizes: Sequence[float]) -> str:
    rows = [
        (
            name,
            spread([pair[0] for pair in pairs]),
            spread([pair[1] for pair in pairs]),
            spread([pair[1] / pair[0] for pair in pairs], digits=2),
        )
        for name, pairs in (
            ("deliveries received/s", [window.received for window in windows]),
            ("pushes processed/s", [window.processed for window in windows]),
        )
    ]
    memory = ", ".join(f"{size:.0f}" for size in sizes)
    return (
        f"{_METHOD}\n\n{table(('', 'one process', 'two processes', 'ratio'), rows)}\n\n"
        f"The API used {memory} MiB after each fifth of {count:,} deliveries."
    )


BENCHMARK = Benchmark("Several processes and a long run", run)
