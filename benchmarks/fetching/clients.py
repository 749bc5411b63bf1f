"""Install the clients we are compared with, apart: they want other versions than we do."""

import functools
import subprocess
import sys
from pathlib import Path

from benchmarks.common.errors import Unavailable

_LOCK = Path(__file__).with_name("clients.txt")
_ENVIRONMENT = Path(__file__).parents[2] / ".crewkit-git" / "bench-clients"


def versions() -> str:
    """Return those we name and their versions."""
    pins = dict(line.split("==", 1) for line in _LOCK.read_text().splitlines() if "==" in line[:40])
    return ", ".join(f"{name} {pins[name].split()[0]}" for name in ("githubkit", "pygithub"))


@functools.cache
def interpreter() -> str:
    """Return the Python that has them; raise `Unavailable` where they cannot be installed."""
    python = _ENVIRONMENT / "bin" / "python"
    _uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, str(_ENVIRONMENT))
    _uv("pip", "sync", "--quiet", "--compile-bytecode", "--python", str(python), str(_LOCK))
    return str(python)


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", *arguments]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    if finished.returncode != 0:
        raise Unavailable(f"uv failed: {' / '.join(finished.stderr.splitlines()[:3])}")
