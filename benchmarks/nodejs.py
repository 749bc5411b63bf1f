"""Find Node and install the contenders that run on it."""

import functools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import Unavailable

_DIRECTORY = Path(__file__).with_name("node")
_OLDEST = (20, 18)  # Probot's own requirement


def node_script(name: str) -> Callable[[], list[str]]:
    """Return a function that returns the command running a script, after installing what it needs."""
    return lambda: [_installed_node(), str(_DIRECTORY / name)]


def node_version() -> str | None:
    """Return the version of the Node that would be used, or None."""
    node = _find_node()
    return _version_of(node) if node else None


@functools.cache
def _installed_node() -> str:
    node = _find_node()
    if node is None:
        message = "Node 20.18 or later was found neither on PATH nor in this environment"
        raise Unavailable(message)
    installed = _DIRECTORY / "node_modules" / ".package-lock.json"
    lock = _DIRECTORY / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm = shutil.which("npm", path=str(Path(node).parent))
        if npm is None:
            message = f"npm was not found beside {node}"
            raise Unavailable(message)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        finished = subprocess.run(
            [npm, "ci", *options], cwd=_DIRECTORY, check=False, capture_output=True, text=True
        )
        if finished.returncode != 0:
            message = f"npm ci failed: {finished.stderr.strip().splitlines()[-1:]}"
            raise Unavailable(message)
    return node


def _find_node() -> str | None:
    # The bench dependency group brings a Node of its own, for machines without one.
    candidates = (shutil.which("node"), shutil.which("node", path=str(Path(sys.executable).parent)))
    for node in candidates:
        if node and tuple(map(int, _version_of(node).split(".")))[:2] >= _OLDEST:
            return node
    return None


def _version_of(node: str) -> str:
    return subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip(" v\n")
