"""Documents that say which test shows something name tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`((?:tests|testing)/[\w/.]+\.py)(?:::(\w+))?`")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the names of the tests in a file, those in classes too."""
    tree = ast.parse((ROOT / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_tests_exist(document: Path) -> None:
    """Files, and tests in them."""
    missing = [
        f"{file}::{name}" if name else file
        for file, name in _NAMED.findall(document.read_text())
        if not (ROOT / file).is_file() or (name and name not in names_in(file))
    ]
    assert missing == []


@pytest.mark.parametrize("document", ["docs/reliability.md", "docs/threat-model.md"])
def test_each_row_names_a_test(document: str) -> None:
    """A test shows for each failure and attack that the service survives it."""
    rows = [row for row in (ROOT / document).read_text().splitlines() if row.startswith("| ")]
    # Heads of tables, and the figures of chaos by their seeds.
    named_rows = [row for row in rows if not re.match(r"\| (failure|attack|seed|asset|\d+) ", row)]
    assert len(named_rows) >= 8
    assert [row for row in named_rows if not _NAMED.search(row)] == []
