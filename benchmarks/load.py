"""Generate load with wrk, which costs a small part of what it measures; a generator in Python would not."""

import json
import resource
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click

_SCRIPT = Path(__file__).with_name("wrk.lua")
_RESULT = "RESULT "


@dataclass(frozen=True)
class Load:
    """Say what one run of the load generator saw."""

    requests: int
    seconds: float
    refused: int
    """Answers that were not a success."""
    broken: int
    """Connections, reads and writes that failed or took longer than the time limit."""
    p50_ms: float
    p99_ms: float
    generator_us: float
    """The CPU that generating the load took, in microseconds."""


def find_wrk() -> str:
    """Return the path of wrk; raise with the remedy if it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise click.ClickException("make bench needs the load generator wrk: apt-get install wrk")
    return found


def run(url: str, deliveries: Path, connections: int, seconds: int) -> Load:
    """Post deliveries over this many connections for this long, each connection sending when answered."""
    command = [find_wrk(), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += ["--timeout=60s", f"--script={_SCRIPT}", url, "--", str(deliveries), str(secrets.randbits(31))]
    before = _children_us()
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = [line for line in finished.stdout.splitlines() if line.startswith(_RESULT)]
    if not lines:
        raise RuntimeError(f"wrk failed: {finished.stderr.strip() or finished.stdout.strip()}")
    return Load(**json.loads(lines[0].removeprefix(_RESULT)), generator_us=_children_us() - before)


def _children_us() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1_000_000
