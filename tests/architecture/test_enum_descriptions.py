"""Every value of an enum in the public contract has a description."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_ENUM = re.compile(r"^enum (\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_VALUE = re.compile(r"^\s*([A-Z][A-Z0-9_]+) = \d+")


def find_undescribed_values(proto: str) -> list[str]:
    """Return the enum values of a proto file without a comment in the line above."""
    undescribed = []
    for enum in _ENUM.finditer(proto):
        above = ""
        for line in enum[2].splitlines():
            if (value := _VALUE.match(line)) and not above.strip().startswith("// "):
                undescribed.append(value[1])
            above = line
    return undescribed


def list_enums(document: Any, name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return each schema of several values, with its place, in a document of JSON values."""
    if isinstance(document, dict):
        if len(document.get("enum", [])) > 1:
            yield name, document
        for key, value in document.items():
            yield from list_enums(value, f"{name}.{key}")
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from list_enums(value, f"{name}.{index}")


def find_unnamed_values(schema: Mapping[str, Any]) -> list[str]:
    """Return the values of an enum that its description does not name."""
    return [value for value in schema["enum"] if f"`{value}`" not in schema.get("description", "")]


@pytest.mark.parametrize("path", sorted((ROOT / "proto" / "crewkit").rglob("*.proto")), ids=lambda path: path.stem)
def test_values_of_proto_enums_have_comments(path: Path) -> None:
    """The comment is the documentation of the value in each generated client."""
    assert find_undescribed_values(path.read_text(encoding="utf-8")) == []


def test_values_of_openapi_enums_are_described() -> None:
    """The description of the type names each value."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    enums = dict(list_enums(document["components"]["schemas"]))
    assert len(enums) > 20
    undescribed = {name: values for name, schema in enums.items() if (values := find_unnamed_values(schema))}
    assert undescribed == {}


def test_finds_values_without_a_description() -> None:
    """In both forms of the contract."""
    proto = "enum Color {\n  // Never returned.\n  COLOR_UNSPECIFIED = 0;\n  COLOR_RED = 1;\n}\n"
    assert find_undescribed_values(proto) == ["COLOR_RED"]
    schema = {"enum": ["red", "blue"], "description": "`red` is warm."}
    assert [(name, find_unnamed_values(enum)) for name, enum in list_enums({"Color": schema})] == [(".Color", ["blue"])]
