"""Run the benchmarks: `python -m benchmarks --help`."""

import signal
import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from benchmarks import machine, report
from benchmarks.benchmark import Benchmark, Report, Stage

_HERE = Path(__file__).parent
# In the project directory, because /tmp can be in memory and commits must reach a disk.
_HOME = _HERE.parent / ".crewkit-git"

NAMES = tuple(sorted(file.parent.name for file in _HERE.glob("*/benchmark.py")))


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(NAMES))
@click.option("--quick", is_flag=True, help="Run a short version and print the results without storing them.")
@click.option("--assert", "demanding", is_flag=True, help="Exit with 1 if a target is not met.")
@click.option("--repetitions", default=3, show_default=True, help="Number of repetitions of each window.")
@click.option("--seconds", default=2, show_default=True, help="Length of a window in seconds.")
@click.option("--index", "only_index", is_flag=True, help="Only regenerate docs/benchmarks.md from stored results.")
def main(
    *, names: tuple[str, ...], quick: bool, demanding: bool, repetitions: int, seconds: int, only_index: bool
) -> None:
    """Run the named benchmarks, or all, and write docs/benchmarks/NAME.md and docs/benchmarks.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that started processes are stopped
    if only_index:
        write_index()
        return
    run = report.Run(
        " ".join(["python -m benchmarks", *sys.argv[1:]]),
        datetime.now(UTC).date().isoformat(),
        machine.commit(),
        machine.describe(),
    )
    holds = True
    for name in names or NAMES:
        benchmark = load(name)
        click.echo(f"{name}: {benchmark.title}")
        found = _measure(benchmark, repetitions, seconds, quick=quick)
        holds &= all(demand.holds for demand in found.demands)
        if quick:
            click.echo(report.page(benchmark, found, run))
        else:
            report.write(name, benchmark, found, run)
            write_index()
    if demanding and not holds:
        sys.exit(1)


def load(name: str) -> Benchmark:
    """Return the benchmark of this name."""
    benchmark: Benchmark = import_module(f"benchmarks.{name}.benchmark").BENCHMARK
    return benchmark


def write_index() -> None:
    """Write the index from the stored results."""
    report.INDEX.write_text(report.index({name: load(name) for name in NAMES}))


def _measure(benchmark: Benchmark, repetitions: int, seconds: int, *, quick: bool) -> Report:
    _HOME.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=_HOME, prefix="bench-") as directory,
        Stage(Path(directory), repetitions, seconds, quick).open() as stage,
    ):
        return benchmark.run(stage)


if __name__ == "__main__":
    main()
