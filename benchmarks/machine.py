"""Describe the machine and the software of a run."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def describe() -> str:
    """Return the machine in one line."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {_processor()}, {gibibytes:.0f} GiB, {platform.system()} {platform.release()}"


def packages(*names: str) -> str:
    """Return the versions of Python and these packages; packages that are not installed are omitted."""
    return ", ".join([f"Python {platform.python_version()}", *_list_installed(names)])


def commit() -> str:
    """Return the measured commit, and whether files differ from it."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "src", "proto", "benchmarks", "uv.lock")
    except (OSError, subprocess.CalledProcessError):
        return "an unknown commit"
    return f"{commit} with changes" if changed else commit


def _list_installed(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(_ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()
