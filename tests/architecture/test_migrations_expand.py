"""Since the first release a migration only adds: the release before it runs on what it makes."""

import ast
import re
from pathlib import Path

import pytest

VERSIONS = sorted((Path(__file__).parents[2] / "src/adapters/postgres/migrations/versions").glob("*.py"))
# The schema of the first release, 0.1.0; until then nobody ran an older version beside a newer one.
RELEASED = "0016"
_TAKES_AWAY = re.compile(
    r"\bDROP\s+(?!INDEX\b|TRIGGER\b|FUNCTION\b)|\bRENAME\b|\bTRUNCATE\b|\bDELETE\s+FROM\b"
    r"|\bSET\s+NOT\s+NULL\b|\bCOLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b"
    r"|\bADD\s+COLUMN\s+(?!.*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b",
    re.IGNORECASE | re.DOTALL,
)


def takes_away(statement: str) -> bool:
    """Return whether a statement may remove or reject what an older release reads or writes."""
    return _TAKES_AWAY.search(statement) is not None


def statements_of(path: Path) -> list[str]:
    """Return every text that a migration's `upgrade` has."""
    tree = ast.parse(path.read_text())
    [upgrade] = [node for node in tree.body if _defines_upgrade(node)]
    return [node.value for node in ast.walk(upgrade) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _defines_upgrade(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef(name="upgrade") | ast.Assign(targets=[ast.Name("upgrade")]):
            return True
        case _:
            return False


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t DROP COLUMN c",
        "DROP TABLE t",
        "ALTER TABLE t RENAME COLUMN a TO b",
        "ALTER TABLE t ALTER COLUMN c SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN c TYPE bigint",
        "ALTER TABLE t ADD COLUMN c bigint NOT NULL",
        "DELETE FROM t",
    ],
)
def test_recognizes_statements_that_remove(statement: str) -> None:
    """Each statement breaks the previous release."""
    assert takes_away(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (c bigint NOT NULL)",
        "ALTER TABLE t ADD COLUMN c bigint",
        "ALTER TABLE t ADD COLUMN c bigint NOT NULL DEFAULT 0",
        "CREATE INDEX CONCURRENTLY i ON t (c)",
        "DROP INDEX i",
    ],
)
def test_recognizes_statements_that_only_add(statement: str) -> None:
    """The previous release continues to work."""
    assert not takes_away(statement)


def test_migrations_since_the_first_release_only_add() -> None:
    """A removal waits for one release, and this test lists its migration with the reason."""
    assert VERSIONS[-1].name[:4] >= RELEASED
    later = [path for path in VERSIONS if path.name[:4] > RELEASED]
    assert all(statements_of(path) for path in later)
    assert [path.name for path in later if any(map(takes_away, statements_of(path)))] == []


def test_documents_the_revision_of_each_release() -> None:
    """An operator who downgrades has to name the revision."""
    root = Path(__file__).parents[2]
    releases = re.findall(r"^## (\d[\d.]+) - ", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    documented = re.findall(r"^\| (\d[\d.]+) \| `(\d+)` \|$", (root / "docs" / "upgrades.md").read_text(), re.MULTILINE)
    assert [release for release, _ in documented] == releases
    assert documented[-1] == ("0.1.0", RELEASED)
    assert {revision for _, revision in documented} <= {path.name.partition("_")[0] for path in VERSIONS}
