"""Store the results of a run: a page for each benchmark, and the index of the latest results."""

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

This page lists performance targets of the service and the latest results. CPU is the time that the
operating system accounts to a process tree. On a shared machine, CPU time varies much less than elapsed
time, so comparisons use CPU time. The compared programs run in turns, window by window, and a ratio
compares windows of the same repetition. All results are medians."""

_HOW = """\
`make bench` runs all benchmarks. It takes half an hour on a machine that is otherwise idle. `python -m
benchmarks NAME…` runs only the named benchmarks. With `--quick` it runs a short version and does not store
the results. With `--assert` it exits with 1 if a target is not met. To add a benchmark, add a folder: see
`benchmarks/__init__.py`."""


@dataclass(frozen=True)
class Run:
    """When, where and how a run measured."""

    command: str
    date: str
    commit: str
    machine: str


def page(benchmark: Benchmark, report: Report, run: Run) -> str:
    """Return a benchmark's page."""
    facts = [run.machine, *filter(None, report.software)]
    blocks = [
        f"# {benchmark.title}",
        f"Written by `{run.command}` on {run.date} for commit {run.commit}. The next run replaces this page.",
        "[All benchmarks](../benchmarks.md)",
        "\n".join(f"- {fact}" for fact in facts),
        _demands(report.demands),
        report.body,
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def write(name: str, benchmark: Benchmark, report: Report, run: Run) -> None:
    """Write a benchmark's page and its data for the index."""
    PAGES.mkdir(exist_ok=True)
    (PAGES / f"{name}.md").write_text(page(benchmark, report, run))
    found = {**asdict(run), "demands": [asdict(demand) for demand in report.demands]}
    (PAGES / f"{name}.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def index(benchmarks: Mapping[str, Benchmark]) -> str:
    """Return the index of the latest results."""
    rows = [row for name, benchmark in benchmarks.items() for row in _rows(name, benchmark)]
    found = table(("", "target", "result", "met", "measured", "command"), rows)
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
    return table(("target", "result", "met"), map(_cells, demands))


def _cells(demand: Demand) -> tuple[str, str, str]:
    return demand.demand, demand.found, "yes" if demand.holds else "**no**"
