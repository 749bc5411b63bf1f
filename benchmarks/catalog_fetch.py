"""Compare what reading an installation's repositories costs: `python -m benchmarks.catalog_fetch --help`.

Each reader is a process of its own; what counts is the CPU it used for each page of 100 repositories (613 KB
of JSON, 35 KB as gzip), fetched and decoded. Readers take turns, so that all meet the same machine.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.errors import Unavailable
from benchmarks.server import free_port, last_words, process, wait_until_listening
from tests.support.github_pages import PER_PAGE

_ROOT = Path(__file__).parent.parent
_ROUNDS = 3
_READER_SECONDS = 300

# How many times our CPU others use at least; the clock of a shared machine says little by itself.
_LEAST_RATIOS = {"PyGithub": 4.0, "githubkit, a client a call": 8.0, "githubkit, one client": 1.5}


@dataclass(frozen=True)
class Reader:
    """Name one client and how it is run."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()
    foreign: bool = False


OURS = Reader("crewkit-git", "ours")
READERS = (
    OURS,
    Reader("httpx + msgspec alone", "bare_httpx"),
    Reader("githubkit, one client", "githubkit_pages", ("kept",), foreign=True),
    Reader("PyGithub", "pygithub_pages", foreign=True),
    Reader("githubkit, a client a call", "githubkit_pages", foreign=True),
)


@click.command()
@click.option("--pages", default=30, show_default=True, help="How many pages the installation has.")
@click.option("--repetitions", default=3, show_default=True, help="How often each reader takes its turn.")
@click.option("--python", default=sys.executable, help="An interpreter that has PyGithub and githubkit.")
@click.option("--assert", "demanding", is_flag=True, help="Exit with 1 unless all demands are met.")
def main(*, pages: int, repetitions: int, python: str, demanding: bool) -> None:
    """Measure and print a table in Markdown."""
    with tempfile.TemporaryDirectory() as directory:
        log, port = Path(directory) / "api.log", free_port()
        options = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
        serve = [sys.executable, "-m", "uvicorn", "benchmarks.catalog.api:app", f"--port={port}", *options]
        with process(serve, {"PAGES": str(pages)}, log) as started:
            wait_until_listening(started, port, log)
            found = _measure(f"http://127.0.0.1:{port}", pages, repetitions, python, Path(directory))
    for line in _table(found):
        click.echo(line)
    if demanding and not _holds(found):
        sys.exit(1)


def _measure(
    url: str, pages: int, repetitions: int, python: str, directory: Path
) -> Mapping[str, list[float] | str]:
    """Return each reader's milliseconds a page, one for each repetition, or why it was left out."""
    found: dict[str, list[float] | str] = {reader.title: [] for reader in READERS}
    for repetition in range(repetitions):
        click.echo(f"repetition {repetition + 1} of {repetitions}", err=True)
        for reader in READERS:
            figures = found[reader.title]
            if isinstance(figures, str):
                continue
            try:
                figures.append(_read(reader, python, url, pages, directory))
            except Unavailable as reason:
                found[reader.title] = str(reason)
    return found


def _read(reader: Reader, python: str, url: str, pages: int, directory: Path) -> float:
    """Run a reader and return its milliseconds of CPU a page in the best of its rounds."""
    module = f"benchmarks.catalog.readers.{reader.module}"
    command = [
        python if reader.foreign else sys.executable,
        "-m",
        module,
        url,
        str(_ROUNDS),
        *reader.arguments,
    ]
    errors = directory / "errors.log"
    with errors.open("wb") as kept:
        finished = subprocess.run(
            command, cwd=_ROOT, check=False, stdout=subprocess.PIPE, stderr=kept, timeout=_READER_SECONDS
        )
    if finished.returncode != 0:
        raise Unavailable(last_words(errors))
    rounds = [line.split() for line in finished.stdout.decode().splitlines()]
    if any(int(read) != pages * PER_PAGE for _, read in rounds):
        raise Unavailable("it did not read every repository")
    return min(float(seconds) for seconds, _ in rounds) / pages * 1000


def _table(found: Mapping[str, list[float] | str]) -> list[str]:
    lines = ["| | CPU ms a page | times ours |", "|---|---|---|"]
    for title, figures in found.items():
        if isinstance(figures, str):
            lines.append(f"| {title} | not measured: {figures} | |")
            continue
        spread = f"{median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})"
        ratio = "" if title == OURS.title else f"{_ratio(found, title):.1f}"
        lines.append(f"| {title} | {spread} | {ratio} |")
    return lines


def _ratio(found: Mapping[str, list[float] | str], title: str) -> float:
    """Return how many times our CPU a reader used, compared within each repetition; 0 if unknown."""
    ours, theirs = found[OURS.title], found[title]
    if isinstance(ours, str) or isinstance(theirs, str):
        return 0.0
    return median([their / our for our, their in zip(ours, theirs, strict=True)])


def _holds(found: Mapping[str, list[float] | str]) -> bool:
    return all(_ratio(found, title) >= least for title, least in _LEAST_RATIOS.items())


if __name__ == "__main__":
    main()
