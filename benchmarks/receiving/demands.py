"""The targets for receiving deliveries."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.benchmark import Demand
from benchmarks.receiving.competition import Results
from benchmarks.receiving.contenders import SERVICE
from benchmarks.receiving.window import Cell
from benchmarks.tables import ratios

HEADLINE = Cell(connections=64, installations=1)
ALONE = Cell(connections=1, installations=1)

_LEAST_RATIOS = {
    "starlette_async_sqlalchemy": (
        12.0,
        "Starlette + async SQLAlchemy + one RQ job: at least 12 times the CPU of crewkit-git",
    ),
    "probot": (1.0, "Probot, which stores nothing: more CPU than crewkit-git"),
}


def cpu_ratios(results: Results, cell: Cell, name: str) -> list[float]:
    """Return a contender's CPU relative to crewkit-git for each repetition; empty if one is missing."""
    service_windows = results.windows.get((cell, SERVICE.name), [])
    other_windows = results.windows.get((cell, name), [])
    return ratios([window.total_us for window in service_windows], [window.total_us for window in other_windows])


def check(results: Results) -> Sequence[Demand]:
    """Compare the results with the targets for receiving."""
    return [*_of_service(results), *_of_ratios(results)]


def _of_service(results: Results) -> Iterator[Demand]:
    windows, alone = results.windows.get((HEADLINE, SERVICE.name)), results.windows.get((ALONE, SERVICE.name))
    if windows:
        rate = median(window.events_per_second for window in windows)
        us = median(window.total_us for window in windows)
        p99 = median(window.p99_ms for window in windows)
        yield Demand(f"at least 8,000 events/s ({HEADLINE})", f"{rate:,.0f}", rate >= 8_000)
        yield Demand(f"at most 130 µs of CPU per event ({HEADLINE})", f"{us:.0f} µs", us <= 130)
        yield Demand(f"p99 at most 20 ms ({HEADLINE})", f"{p99:.1f} ms", p99 <= 20)
    if alone:
        p50 = median(window.p50_ms for window in alone)
        yield Demand(f"p50 at most 1.2 ms ({ALONE})", f"{p50:.2f} ms", p50 <= 1.2)


def _of_ratios(results: Results) -> Iterator[Demand]:
    for name, (least, demand) in _LEAST_RATIOS.items():
        found = cpu_ratios(results, HEADLINE, name)
        text = f"{median(found):.2f} times" if found else "not measured"
        yield Demand(f"{demand} ({HEADLINE})", text, bool(found) and median(found) > least)
