"""Start and stop the processes that are measured."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.errors import Unavailable

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LAST_LINES = 3


@dataclass(frozen=True)
class Place:
    """The port, database and Redis of a contender."""

    port: int
    database_url: str
    redis_url: str


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with this added to its environment and stop it at the end."""
    # Otherwise the compilation of its imports would count as work of a process that forks for each job.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, env={**inherited, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_until_listening(started: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the process accepts connections; raise `Unavailable` if it never does."""
    deadline = time.monotonic() + _START_SECONDS
    while started.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Unavailable(f"the process did not start: {last_words(log)}")


def last_words(log: Path) -> str:
    """Return the end of a process's output as one line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:]) or "it printed nothing"
