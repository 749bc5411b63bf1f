"""Generate load with wrk, which uses much less CPU than the measured process or a generator in Python."""

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click

_RESULT = "RESULT "
# Every script ends with `done = dofile(os.getenv("REPORT"))`.
_REPORT = Path(__file__).with_name("report.lua")
_DELIVERIES = Path(__file__).with_name("deliveries.lua")


@dataclass(frozen=True)
class Load:
    """The result of one run of the load generator."""

    requests: int
    seconds: float
    refused: int
    """Answers that were not a success."""
    broken: int
    """Connections, reads and writes that failed or took longer than the time limit."""
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Responses per second."""
        return self.requests / self.seconds

    @property
    def problem(self) -> str | None:
        """The error of the run, or None."""
        if self.refused or self.broken:
            return f"{self.refused} answers were not a success and {self.broken} connections failed"
        return None


def find_wrk() -> str:
    """Return the path of wrk; raise with the remedy if it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise click.ClickException("This benchmark needs the load generator wrk. Install it: apt-get install wrk")
    return found


def wrk_version() -> str:
    """Return its name and version."""
    said = subprocess.run([find_wrk(), "--version"], check=False, capture_output=True, text=True).stdout
    return " ".join(said.split()[:2])


def post_deliveries(url: str, deliveries: Path, connections: int, seconds: int) -> Load:
    """Post the deliveries that `deliveries.write_for_wrk` wrote, each with a unique delivery id."""
    return run(url, _DELIVERIES, connections, seconds, str(deliveries), str(secrets.randbits(31)))


def run(url: str, script: Path, connections: int, seconds: int, *arguments: str) -> Load:
    """Send a script's requests over this many connections; each sends the next request after a response."""
    command = [find_wrk(), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += ["--timeout=60s", f"--script={script}", url, "--", *arguments]
    environment = {**os.environ, "REPORT": str(_REPORT)}
    finished = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    lines = [line for line in finished.stdout.splitlines() if line.startswith(_RESULT)]
    if not lines:
        raise RuntimeError(f"wrk failed: {finished.stderr.strip() or finished.stdout.strip()}")
    return Load(**json.loads(lines[0].removeprefix(_RESULT)))
