"""Decide whether the figures are good enough: by ratios within a repetition, since those alone are steady."""

from dataclasses import dataclass
from statistics import median

from benchmarks.receive.contenders import OURS
from benchmarks.receive.run import Results
from benchmarks.receive.window import Cell

HEADLINE = Cell(connections=64, installations=1)

_LEAST_RATIOS = {
    "starlette_async_sqlalchemy": (
        12.0,
        "Starlette + async SQLAlchemy + one RQ job uses 12 times our CPU or more",
    ),
    "probot": (1.0, "Probot, which stores nothing, uses more CPU than we do"),
}


@dataclass(frozen=True)
class Gate:
    """Hold one demand and what was found."""

    demand: str
    found: str
    holds: bool


def cpu_ratios(results: Results, cell: Cell, name: str) -> list[float]:
    """Return how many times our CPU a contender used in each repetition; nothing if either is missing."""
    ours = results.windows.get((cell, OURS.name), [])
    theirs = results.windows.get((cell, name), [])
    return [their.total_us / our.total_us for our, their in zip(ours, theirs, strict=bool(ours and theirs))]


def check(results: Results) -> list[Gate]:
    """Check the demands on receiving."""
    gates = []
    for name, (least, demand) in _LEAST_RATIOS.items():
        ratios = cpu_ratios(results, HEADLINE, name)
        found = f"{median(ratios):.2f} times" if ratios else "not measured"
        gates.append(Gate(f"{demand} ({HEADLINE})", found, bool(ratios) and median(ratios) > least))
    return gates
