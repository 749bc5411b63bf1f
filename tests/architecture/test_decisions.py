from collections import Counter
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "adr"


def test_every_decision_has_a_number_of_its_own() -> None:
    """Code and other decisions refer to it by that, and so does its heading."""
    numbers = Counter(path.name.partition("-")[0] for path in DECISIONS.glob("*.md"))
    assert [number for number, count in numbers.items() if count > 1] == []
    for path in DECISIONS.glob("*.md"):
        assert path.read_text().startswith(f"# {path.name.partition('-')[0]}. "), path.name
