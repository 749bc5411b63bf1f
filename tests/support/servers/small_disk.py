"""PostgreSQL on a separate disk that a test fills, without root.

In a user namespace anybody may mount a file system in memory. PostgreSQL runs there, in a second namespace in
which it is not root; its socket is not on that disk, so that the test connects as always.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.embedded.home import claim_home
from local.embedded.postgres import run_postgres

_SIZE = "160m"
_AS_USER = "exec unshare --user --map-user=1000 --map-group=1000 -- "


class SmallDisk:
    """A running PostgreSQL, and its disk."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.database_url = self._answer()

    def fill(self) -> None:
        """Leave no byte free."""
        self._command("fill")

    def free(self) -> None:
        """Make room again."""
        self._command("free")

    def _command(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._answer() == word

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "PostgreSQL on the small disk has ended"
        return line


@contextmanager
def small_disk(directory: Path) -> Iterator[SmallDisk]:
    """Run PostgreSQL on a small disk mounted below this directory, for the length of the block."""
    # With so long a path the socket is elsewhere, where the test sees it.
    disk = directory / ("disk" * 25)
    disk.mkdir()
    inside = f"{sys.executable} -m tests.support.servers.small_disk {disk}"
    mount = f"mount -t tmpfs -o size={_SIZE},mode=700 tmpfs {disk} && {_AS_USER}{inside}"
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", mount],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(("src", "."))},
    )
    try:
        yield SmallDisk(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def _fill(file: Path) -> None:
    with file.open("ab", buffering=0) as opened:
        size = 1024 * 1024
        while size:
            try:
                opened.write(bytes(size))
            except OSError:
                size //= 2


def _run(directory: Path) -> None:
    filler = directory / "filler"
    with claim_home(directory) as home, run_postgres(home, durable=False) as url:
        print(url, flush=True)  # noqa: T201 - the answer
        for line in sys.stdin:
            if line.strip() == "fill":
                _fill(filler)
            else:
                filler.unlink()
            print(line.strip(), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
