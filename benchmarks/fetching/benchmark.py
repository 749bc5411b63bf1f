"""Compare the CPU cost of fetching an installation's repositories, page by page."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.errors import Unavailable
from benchmarks.common.server import free_port, last_words, process, wait_until_listening
from benchmarks.fetching import clients
from benchmarks.machine import packages
from benchmarks.tables import ratios, spread, table
from tests.support.builders.github_pages import PER_PAGE

_ROOT = Path(__file__).parents[2]
_PAGES = 30
_ROUNDS = 8
_READER_SECONDS = 300

_METHOD = """\
Each client runs in a separate process. The figure is its CPU for each page of 100 repositories (617 KB of
JSON, 35 KB with gzip), fetched over HTTP and decoded: the best of eight rounds over 30 pages, after one
warm-up round. The clients run in turns. crewkit-git fetches four pages at a time and returns domain
objects. The client "httpx + msgspec alone" only decodes the same fields."""


@dataclass(frozen=True)
class Reader:
    """Name one client and how it is run."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()
    foreign: bool = False


CREWKIT = Reader("crewkit-git", "crewkit")
_ONE_CLIENT = Reader("githubkit, one client", "githubkit_pages", ("kept",), foreign=True)
_PYGITHUB = Reader("PyGithub", "pygithub_pages", foreign=True)
_A_CLIENT_A_CALL = Reader("githubkit, one client per call", "githubkit_pages", foreign=True)
READERS = (CREWKIT, Reader("httpx + msgspec alone", "bare_httpx"), _ONE_CLIENT, _PYGITHUB, _A_CLIENT_A_CALL)

_AT_MOST_MS = 2.5
# Minimum CPU of other clients relative to crewkit-git.
_LEAST_RATIOS = {_PYGITHUB: 4.0, _A_CLIENT_A_CALL: 8.0, _ONE_CLIENT: 1.5}

Results = Mapping[Reader, Sequence[float] | str]
"""Each reader's milliseconds a page, one for each repetition, or why it was left out."""


def run(stage: Stage) -> Report:
    """Serve the pages and let the readers take turns."""
    log, port = stage.home / "api.log", free_port()
    options = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    serve = [sys.executable, "-m", "uvicorn", "benchmarks.fetching.api:app", f"--port={port}", *options]
    with process(serve, {"PAGES": str(_PAGES)}, log) as started:
        wait_until_listening(started, port, log)
        results = _measure(f"http://127.0.0.1:{port}", stage)
    software = [packages("httpx", "httpcore", "sniffio", "msgspec", "uvloop"), clients.versions()]
    return Report(check(results), f"{_METHOD}\n\n{_table(results)}", software)


def check(results: Results) -> Sequence[Demand]:
    """Check the demands on fetching."""
    crewkit = results[CREWKIT]
    ms = float("inf") if isinstance(crewkit, str) else median(crewkit)
    demands = [Demand(f"at most {_AT_MOST_MS} ms of CPU per page", f"{ms:.2f} ms", ms <= _AT_MOST_MS)]
    for reader, least in _LEAST_RATIOS.items():
        found = _ratios(results, reader)
        text = f"{median(found):.1f} times" if found else "not measured"
        holds = bool(found) and median(found) >= least
        demands.append(Demand(f"{reader.title}: at least {least:g} times the CPU of crewkit-git", text, holds))
    return demands


def _measure(url: str, stage: Stage) -> Results:
    found: dict[Reader, list[float] | str] = {reader: [] for reader in READERS}
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        for reader in READERS:
            figures = found[reader]
            if isinstance(figures, str):
                continue
            try:
                figures.append(_read(reader, url, stage.home))
            except Unavailable as reason:
                found[reader] = str(reason)
                click.echo(f"  {reader.title}: skipped, {reason}")
            else:
                click.echo(f"  {reader.title:<28} {figures[-1]:>6.2f} ms per page")
    return found


def _read(reader: Reader, url: str, directory: Path) -> float:
    """Run a reader and return its milliseconds of CPU a page in the best of its rounds."""
    python = clients.interpreter() if reader.foreign else sys.executable
    module = f"benchmarks.fetching.readers.{reader.module}"
    command = [python, "-m", module, url, str(_ROUNDS), *reader.arguments]
    errors = directory / "errors.log"
    with errors.open("wb") as kept:
        finished = subprocess.run(
            command, cwd=_ROOT, check=False, stdout=subprocess.PIPE, stderr=kept, timeout=_READER_SECONDS
        )
    if finished.returncode != 0:
        raise Unavailable(last_words(errors))
    rounds = [line.split() for line in finished.stdout.decode().splitlines()]
    if any(int(read) != _PAGES * PER_PAGE for _, read in rounds):
        raise Unavailable("the client did not fetch every repository")
    return min(float(seconds) for seconds, _ in rounds) / _PAGES * 1000


def _table(results: Results) -> str:
    rows = []
    for reader, figures in results.items():
        title = f"**{reader.title}**" if reader is CREWKIT else reader.title
        if isinstance(figures, str):
            rows.append((title, f"not measured: {figures}", ""))
        else:
            beside = "" if reader is CREWKIT else spread(_ratios(results, reader), digits=1)
            rows.append((title, spread(figures, digits=2), beside))
    return table(("", "CPU ms/page", "relative to crewkit-git"), rows)


def _ratios(results: Results, reader: Reader) -> Sequence[float]:
    """Return the CPU of a client relative to crewkit-git for each repetition; empty if not measured."""
    crewkit, other = results[CREWKIT], results[reader]
    return [] if isinstance(crewkit, str) or isinstance(other, str) else ratios(crewkit, other)


BENCHMARK = Benchmark("Fetching an installation's repositories", run)
