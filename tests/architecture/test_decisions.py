from collections import Counter
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "adr"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))


def test_every_decision_has_a_unique_number() -> None:
    """Code and other decisions refer to a decision by its number, which its heading repeats."""
    numbers = Counter(path.name.partition("-")[0] for path in RECORDS)
    assert [number for number, count in numbers.items() if count > 1] == []
    for path in RECORDS:
        assert path.read_text().startswith(f"# {path.name.partition('-')[0]}. "), path.name


def test_every_decision_has_its_sections() -> None:
    for path in RECORDS:
        headings = [line for line in path.read_text().splitlines() if line.startswith("## ")]
        assert headings == ["## Context", "## Decision", "## Consequences", "## Enforced by"], path.name


def test_the_list_has_every_decision_with_its_title() -> None:
    rows = [line.split(" | ")[:2] for line in (DECISIONS / "README.md").read_text().splitlines() if "| [" in line]
    titles = [path.read_text().partition("\n")[0].removeprefix("# ").split(". ", 1) for path in RECORDS]
    assert rows == [
        [f"| [{number}]({path.name})", title] for path, (number, title) in zip(RECORDS, titles, strict=True)
    ]
