"""Run `python -m local` like a user: one command, a separate home, any free ports."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.support.conditions import wait_until

ANY = "127.0.0.1:0"
UP = (sys.executable, "-m", "local")


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Give the environment of an `up` with its own home and any free port."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    chosen = {"HOME": str(home), "HTTP_ADDR": ANY, "GRPC_ADDR": ANY, "SANDBOX_ADDR": ANY, **settings}
    return inherited | {f"CREWKIT_GIT_{name}": value for name, value in chosen.items()}


class Up:
    """A running `up`."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.home = home
        self._file = home / "demo.json"
        self._output = home.with_suffix(".out")

    @property
    def demo(self) -> dict[str, Any]:
        """The facts it publishes while it is ready."""
        return dict(json.loads(self._file.read_text()))

    def wait_until_ready(self) -> None:
        """Wait until it says so; fail with what it said if it ends first."""
        wait_until(lambda: "] ready" in self._output.read_text() or self.process.poll() is not None, seconds=180)
        assert self.process.poll() is None, self._output.read_text()

    def family(self) -> list[psutil.Process]:
        """List every process it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def wait_for_clean_end(self) -> bool:
        """Wait for its end; return whether it had no error and removed its facts."""
        code = self.process.wait(timeout=30)
        assert code == 0, self._output.read_text()
        return not self._file.exists()


@contextmanager
def run_up(home: Path, **settings: str) -> Iterator[Up]:
    """Run `up` in a separate session until the block ends."""
    with home.with_suffix(".out").open("w") as output:
        process = subprocess.Popen(
            UP,
            env=environment(home, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        up = Up(home, process)
        up.wait_until_ready()
        yield up
    finally:
        process.terminate()
        process.wait(timeout=30)
