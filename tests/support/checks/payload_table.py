"""The tables of docs/payloads.md."""

import re
from collections import defaultdict
from pathlib import Path

_PAGE = Path(__file__).parents[3] / "docs" / "payloads.md"
_NAME = re.compile(r"`([^`]+)`")


def list_required_fields() -> dict[str, set[str]]:
    """Return the required fields by event, each with the objects that hold it."""
    found: dict[str, set[str]] = defaultdict(set)
    for event, fields in _rows("Required fields"):
        for name in _NAME.findall(fields):
            steps = name.split(".")
            found[event.strip("`")] |= {".".join(steps[: end + 1]) for end in range(len(steps))}
    return dict(found)


def list_required_answer_fields() -> dict[str, set[str]]:
    """Return the required fields by answer, each with the objects that hold it."""
    found: dict[str, set[str]] = defaultdict(set)
    for answer, fields in _rows("Required fields of GitHub's API responses"):
        for name in _NAME.findall(fields):
            steps = name.split(".")
            found[answer] |= {".".join(steps[: end + 1]) for end in range(len(steps))}
    return dict(found)


def optional_fields() -> dict[str, set[str]]:
    """Return the optional fields by object."""
    found: dict[str, set[str]] = defaultdict(set)
    for shape, fields in _rows("Optional fields and their defaults"):
        found[shape] |= set(_NAME.findall(fields))
    return dict(found)


def _rows(title: str) -> list[tuple[str, str]]:
    section = _PAGE.read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("|")]
    return [(line[0].strip(), line[1].strip()) for line in lines[2:]]
