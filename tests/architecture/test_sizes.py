"""Files and folders stay small enough to read, and large enough to be worth opening."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]

MAX_LINES = 300
MIN_LINES = 15
MAX_FILES = 26

# These still break a rule. Remove a path when it no longer does; add none.
LARGE_FILES: frozenset[str] = frozenset({"src/adapters/postgres/queries/repositories.py"})
SMALL_FILES: frozenset[str] = frozenset(
    {
        "benchmarks/common/errors.py",
        "benchmarks/fetching/api.py",
        "benchmarks/receiving/job.py",
        "benchmarks/receiving/signature.py",
        "tests/architecture/test_audit.py",
        "tests/architecture/test_encrypted_columns.py",
        "tests/architecture/test_migration_order.py",
        "tests/unit/tokens/test_scopes.py",
    }
)


def line_counts() -> dict[str, int]:
    """Return the number of lines of each Python file, except `__init__.py` and released migrations."""
    return {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for package in ("src", "local", "sandbox", "testing", "tests", "benchmarks", "examples")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py" and path.parent.name != "versions"
    }


def test_files_have_at_most_300_lines() -> None:
    """Split a larger file by subject."""
    assert {path for path, lines in line_counts().items() if lines > MAX_LINES} == LARGE_FILES


def test_files_have_at_least_15_lines() -> None:
    """Merge a smaller file into the file that uses it."""
    # pytest and Python prescribe the names of these files.
    small = {path for path, lines in line_counts().items() if lines < MIN_LINES}
    assert {path for path in small if Path(path).name not in {"conftest.py", "__main__.py"}} == SMALL_FILES


def test_folders_have_at_most_26_files() -> None:
    """Group the files of a larger folder by subject."""
    files = Counter(Path(path).parent.as_posix() for path in line_counts())
    assert [folder for folder, count in files.items() if count > MAX_FILES] == []
