"""Say what the figures were measured on and with."""

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.load import find_wrk
from benchmarks.nodejs import find_node
from benchmarks.services import Services

_PACKAGES = (
    *("uvicorn", "uvloop", "httptools", "starlette", "psycopg", "rq", "redis"),
    *("fastapi", "sqlalchemy", "aiohttp", "gidgethub"),
)
_NODE_LOCK = Path(__file__).with_name("node") / "package-lock.json"


def describe(services: Services) -> list[str]:
    """Return one line for the machine, one for what runs on it, one each for Python's and Node's packages."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{os.cpu_count()} x {_processor()}, {gibibytes:.0f} GiB, {platform.system()} {platform.release()}",
        ", ".join([*services.versions, f"Python {platform.python_version()}", *_node(), _wrk()]),
        ", ".join(filter(None, map(_package, _PACKAGES))),
        ", ".join(_node_packages()),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _node() -> list[str]:
    node = find_node()
    return [f"Node {node.version}"] if node else []


def _wrk() -> str:
    said = subprocess.run([find_wrk(), "--version"], check=False, capture_output=True, text=True).stdout
    return " ".join(said.split()[:2])


def _package(name: str) -> str | None:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return None


def _node_packages() -> list[str]:
    packages = json.loads(_NODE_LOCK.read_text())["packages"]
    return [f"{name} {packages[f'node_modules/{name}']['version']}" for name in packages[""]["dependencies"]]
