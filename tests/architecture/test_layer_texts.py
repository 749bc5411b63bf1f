"""Public URLs and environment variable names are spelled in entrypoints, and passed to core and adapters."""

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
LAYERS = ("core", "ports", "adapters")


@pytest.mark.parametrize("text", ["/api/v1", "/kit/"])
def test_core_and_adapters_do_not_spell_public_urls(text: str) -> None:
    assert find_lines(text) == []


def test_core_and_adapters_do_not_spell_environment_variables() -> None:
    assert find_lines("CREWKIT_") == []


def find_lines(text: str) -> list[str]:
    """Return each line of core, ports and adapters that has the text, with its file and number."""
    return [
        f"{path.relative_to(SOURCE)}:{number}: {line.strip()}"
        for layer in LAYERS
        for path in sorted((SOURCE / layer).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if text in line
    ]
