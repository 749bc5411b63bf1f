"""The package of stubs that other services install, and the documented program, without other code of the service."""

import asyncio
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]


def build_client(into: Path) -> Path:
    """Build the package and unpack it as installers do; give where it can be imported from."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)],
        cwd=ROOT / "clients" / "python",
        check=True,
        capture_output=True,
    )
    [wheel] = into.glob("crewkit_git_client-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(into / "installed")
    return into / "installed"


def program(into: Path, marker: str, name: str) -> Path:
    """Write out, under this name, the program of the page that has this in it."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/grpc.md").read_text(), re.DOTALL | re.MULTILINE)
    [code] = [block for block in blocks if marker in block]
    path = into / name
    path.write_text(code)
    return path


async def run(path: Path, installed: Path, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start a program that sees the package and what packages it needs, but nothing of the service."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{installed}:{sysconfig.get_paths()['purelib']}",
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        # Without `site`, which would also lead to the service's own packages.
        *("-S", str(path)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
