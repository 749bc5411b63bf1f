"""On a machine that lacks a requirement, the error is one sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_VENV = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1;; esac
exec {sys.executable} "$@"
"""


def bootstrap(tree: Path, python: str, extent: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a separate directory, where the only Python is the given script."""
    (tree / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "bootstrap.sh", tree / "deploy")
    only = tree / "only-python"
    only.write_text(python)
    only.chmod(0o755)
    return subprocess.run(
        [tree / "deploy" / "bootstrap.sh", extent, "0"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(only)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("python", "found"),
    [
        ("#!/bin/sh\n[ $1 = --version ] && echo Python 3.9.18\n", "found: Python 3.9.18."),
        ("#!/bin/sh\nexit 127\n", "found: none."),
        (WITHOUT_VENV, "that cannot make virtual environments"),
    ],
    ids=["another version", "a shim of nothing", "no venv package"],
)
@pytest.mark.parametrize("extent", ["runtime", "complete"])
def test_rejects_an_unsuitable_python(tmp_path: Path, extent: str, python: str, found: str) -> None:
    """With the required and the present version and the remedy; nothing is created."""
    said = bootstrap(tmp_path / "tree", python, extent)
    assert said.returncode == 1
    assert said.stdout == ""
    assert said.stderr.startswith("\nPython 3.11 or 3.12 is required")
    assert found in said.stderr
    assert "make run PYTHON=" in said.stderr
    assert not (tmp_path / "tree" / ".venv").exists()
