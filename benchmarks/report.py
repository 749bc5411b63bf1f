"""Keep what a run found: a page for each benchmark, and the index made from what all of them found last."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.benchmark import Benchmark, Demand, Report
from benchmarks.tables import table

_DOCS = Path(__file__).parent.parent / "docs"
INDEX = _DOCS / "benchmarks.md"
PAGES = _DOCS / "benchmarks"

_INTRODUCTION = """\
# Benchmarks

What the service must cost at most, and what it was found to cost. CPU is what the operating system charged
to whole process trees; on a shared machine it is far steadier than the clock, so comparisons are made by it:
contenders take turns window by window, and ratios are taken within one repetition. Figures are medians."""

_HOW = """\
`make bench` measures everything and takes half an hour on a machine that is otherwise idle;
`python -m benchmarks NAME…` measures some of it, `--quick` the least of that without writing it down, and
`--assert` exits with 1 unless all demands are met. Another benchmark is another folder: see
`benchmarks/__init__.py`."""


@dataclass(frozen=True)
class Run:
    """Say when, where and how something was measured."""

    command: str
    date: str
    commit: str
    machine: str


def page(benchmark: Benchmark, report: Report, run: Run) -> str:
    """Return a benchmark's page."""
    facts = [run.machine, *filter(None, report.software)]
    blocks = [
        f"# {benchmark.title}",
        f"Written by `{run.command}` on {run.date}, measuring {run.commit}; a new run replaces it.",
        "[All benchmarks](../benchmarks.md)",
        "\n".join(f"- {fact}" for fact in facts),
        _demands(report.demands),
        report.body,
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def write(name: str, benchmark: Benchmark, report: Report, run: Run) -> None:
    """Write a benchmark's page and what the index needs of it."""
    PAGES.mkdir(exist_ok=True)
    (PAGES / f"{name}.md").write_text(page(benchmark, report, run))
    found = {**asdict(run), "demands": [asdict(demand) for demand in report.demands]}
    (PAGES / f"{name}.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def index(benchmarks: Mapping[str, Benchmark]) -> str:
    """Return the index of what was stored last."""
    rows = [row for name, benchmark in benchmarks.items() for row in _rows(name, benchmark)]
    found = table(("", "demand", "found", "holds", "measured", "by"), rows)
    return f"{_INTRODUCTION}\n\n{found}\n\n{_HOW}\n"


def _rows(name: str, benchmark: Benchmark) -> Iterable[tuple[str, ...]]:
    title = f"[{benchmark.title}](benchmarks/{name}.md)"
    try:
        stored = json.loads((PAGES / f"{name}.json").read_bytes())
    except FileNotFoundError:
        yield benchmark.title, "", "not measured yet", "", "", f"`python -m benchmarks {name}`"
        return
    facts = (f"{stored['date']}, {stored['commit']}", f"`{stored['command']}`")
    for demand in stored["demands"]:
        yield title, *_cells(Demand(**demand)), *facts
        title, facts = "", ("", "")


def _demands(demands: Iterable[Demand]) -> str:
    return table(("demand", "found", "holds"), map(_cells, demands))


def _cells(demand: Demand) -> tuple[str, str, str]:
    return demand.demand, demand.found, "yes" if demand.holds else "**no**"
