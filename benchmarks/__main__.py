"""Run the benchmarks: `python -m benchmarks --help`."""

import signal
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import gates, machine, report, services
from benchmarks.load import find_wrk
from benchmarks.process import run as processing
from benchmarks.receive import run as receiving
from benchmarks.receive.contenders import CONTENDERS, QUICK
from benchmarks.receive.window import Cell

_ROOT = Path(__file__).parent.parent
_EXAMPLE = _ROOT / "tests/data/webhooks/octokit/push/branch-created.with-installation.json"
_REPORT = _ROOT / "docs" / "benchmarks.md"
_CELLS = [Cell(connections, installations) for installations in (1, 1_000) for connections in (1, 8, 64, 256)]


@click.command()
@click.option("--quick", is_flag=True, help="Compare ours and three others, at 64 connections only.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([contender.name for contender in CONTENDERS]),
    help="Compare only this receiver; repeatable.",
)
@click.option("--assert", "demanding", is_flag=True, help="Exit with 1 unless all demands are met.")
@click.option("--repetitions", default=3, show_default=True, help="How often each window is measured.")
@click.option("--seconds", default=2, show_default=True, help="How long a window is.")
def main(*, quick: bool, only: tuple[str, ...], demanding: bool, repetitions: int, seconds: int) -> None:
    """Measure receiving and processing beside what people would write otherwise.

    The whole run writes docs/benchmarks.md; a part, by --quick or --only, is only shown.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    find_wrk()
    names = only or QUICK if quick or only else tuple(contender.name for contender in CONTENDERS)
    contenders = [contender for contender in CONTENDERS if contender.name in names]
    whole = len(contenders) == len(CONTENDERS)
    plan = receiving.Plan(contenders, _CELLS if whole else [gates.HEADLINE], repetitions, seconds)
    # Beside the project rather than in /tmp, which may be memory: commits should reach a disk.
    (_ROOT / ".crewkit-git").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_ROOT / ".crewkit-git", prefix="bench-") as directory:
        home = Path(directory)
        with services.running(home / "services") as servers:
            processed = processing.run(repetitions, servers, _EXAMPLE, home) if whole else None
            received = receiving.run(plan, servers, _EXAMPLE, home)
            command = " ".join(["python -m benchmarks", *sys.argv[1:]])
            text = report.render(command, machine.describe(servers), received, processed)
    if whole:
        _REPORT.write_text(text)
        click.echo(f"written to {_REPORT.relative_to(_ROOT)}")
    else:
        click.echo(text)
    if demanding and not all(gate.holds for gate in gates.check(received)):
        sys.exit(1)


if __name__ == "__main__":
    main()
