"""Measure the start time of `make run` and the memory of its processes after load."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import psutil

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common import load
from benchmarks.common.deliveries import PATH, SECRET, sign_pushes, write_for_wrk
from benchmarks.common.server import free_port, last_words, process
from benchmarks.machine import packages
from benchmarks.tables import spread, table
from tests.support.checks.process_memory import resident_mib

_PROCESSES = ("api", "worker", "scheduler", "sandbox")
_CONNECTIONS = 64
_READY_SECONDS = 60
_POLL_SECONDS = 0.01

_METHOD = """\
`make run` starts in an empty directory, where it first creates a database, and then again in the same directory.
It is ready when it publishes `demo.json`. Memory is the resident set size (RSS) of each process, including
shared libraries, after deliveries were posted over 64 connections for a few seconds. Time is elapsed time."""


@dataclass(frozen=True)
class Start:
    """Seconds until ready, and the memory of each process in MiB: when ready, and after load."""

    ready: float
    at_once: Mapping[str, float]
    worked: Mapping[str, float]


def run(stage: Stage) -> Report:
    """Start, post, stop, start again."""
    load.find_wrk()
    deliveries = stage.home / "deliveries"
    write_for_wrk(sign_pushes(256), deliveries)
    first: list[Start] = []
    again: list[Start] = []
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        home = stage.home / f"up-{repetition}"
        for starts in (first, again):
            starts.append(start := _start(home, deliveries, stage.seconds))
            click.echo(f"  ready after {start.ready:.1f} s, API {start.worked['api']:.0f} MiB")
    body = "\n\n".join([_METHOD, _times(first, again), _memory([*first, *again])])
    return Report(check(first, again), body, [packages("uvicorn", "rq", "psycopg")])


def check(first: Sequence[Start], again: Sequence[Start]) -> Sequence[Demand]:
    """Check the demands on starting."""
    ready = median(start.ready for start in first)
    api = median(start.worked["api"] for start in (*first, *again))
    return (
        Demand("`make run` is ready within 6 s in an empty directory", f"{ready:.1f} s", ready <= 6),
        Demand("the API uses at most 120 MiB after the load", f"{api:.0f} MiB", api <= 120),
    )


def _start(home: Path, deliveries: Path, seconds: int) -> Start:
    began = time.monotonic()
    with _up(home) as (address, family):
        ready = time.monotonic() - began
        at_once = {name: resident_mib(pid) for name, pid in family.items()}
        seen = load.post_deliveries(f"http://{address}{PATH}", deliveries, _CONNECTIONS, seconds)
        if seen.problem:
            raise RuntimeError(seen.problem)
        return Start(ready, at_once, {name: resident_mib(pid) for name, pid in family.items()})


@contextmanager
def _up(home: Path) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Run `python -m local` for the length of the block; once it is ready, give its address and its processes."""
    address, log = f"127.0.0.1:{free_port()}", home.with_suffix(".log")
    environment = {
        "CREWKIT_GIT_HOME": str(home),
        "CREWKIT_GIT_HTTP_ADDR": address,
        "CREWKIT_GIT_SANDBOX_ADDR": f"127.0.0.1:{free_port()}",
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
    }
    with process([sys.executable, "-m", "local"], environment, log) as started:
        deadline = time.monotonic() + _READY_SECONDS
        while not (home / "demo.json").exists():
            if started.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"`python -m local` did not become ready: {last_words(log)}")
            time.sleep(_POLL_SECONDS)
        yield address, _family(started.pid)


def _family(pid: int) -> Mapping[str, int]:
    """Return the ids of our processes by the command each runs."""
    found = {child.cmdline()[-1]: child.pid for child in psutil.Process(pid).children(recursive=True)}
    return {name: found[name] for name in _PROCESSES}


def _times(first: Sequence[Start], again: Sequence[Start]) -> str:
    rows = [
        ("in an empty directory", spread([start.ready for start in first], digits=1)),
        ("again in the same directory", spread([start.ready for start in again], digits=1)),
    ]
    return table(("`make run`", "seconds until ready"), rows)


def _memory(starts: Sequence[Start]) -> str:
    rows = [
        (name, spread([start.at_once[name] for start in starts]), spread([start.worked[name] for start in starts]))
        for name in _PROCESSES
    ]
    return table(("process", "MiB when ready", "MiB after load"), rows)


BENCHMARK = Benchmark("Starting all processes", run)
