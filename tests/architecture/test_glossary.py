"""docs/glossary.md has each term once, and names what exists in the database, the code and both APIs."""

import importlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pool import Default

from adapters.postgres.tables import metadata

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
TERMS, _, PUBLIC_NAMES = GLOSSARY.partition("\n## Public names that differ\n")
API = json.loads((ROOT / "docs" / "openapi.json").read_text())
_PACKAGE = "crewkit.git.v1"
_SPAN = re.compile(r"`([^`]+)`")


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """Yield the rows of the tables with this number of columns, without their heads."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        is_head = cells[0] in {"term", "public name"} or set(line) <= set("|-: ")
        if line.startswith("|") and len(cells) == columns and not is_head:
            yield cells


ROWS = list(rows(TERMS, 6))


def names_in(column: int) -> list[str]:
    return [name for row in ROWS for name in _SPAN.findall(row[column])]


def exists(dotted: str) -> bool:
    """Return whether a module, or an attribute of one, has this name."""
    module, _, attribute = dotted.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute) or bool(importlib.import_module(dotted))
    except ModuleNotFoundError:
        return False


def is_in_rest(name: str) -> bool:
    """Return whether REST has this path, schema or field of a schema."""
    if name.startswith("/"):
        return name in API["paths"]
    schema, _, field = name.partition(".")
    found = API["components"]["schemas"].get(schema)
    return found is not None and (not field or field in found.get("properties", {}))


def is_in_grpc(name: str) -> bool:
    """Return whether the contract has this message, enum or service, or a field or method of one."""
    outer, _, inner = f"{_PACKAGE}.{name}".rpartition(".")
    pool = Default()
    for find in (pool.FindMessageTypeByName, pool.FindEnumTypeByName, pool.FindServiceByName):
        try:
            find(f"{outer}.{inner}")
        except KeyError:
            continue
        return True
    for find_outer, members in (
        (pool.FindMessageTypeByName, "fields_by_name"),
        (pool.FindServiceByName, "methods_by_name"),
    ):
        try:
            return inner in getattr(find_outer(outer), members)
        except KeyError:
            continue
    return False


@pytest.fixture(scope="module", autouse=True)
def contract() -> None:
    """Load the contract's generated modules."""
    for path in (ROOT / "proto" / "crewkit" / "git" / "v1").glob("*.proto"):
        importlib.import_module(f"{_PACKAGE}.{path.stem}_pb2")


def test_has_each_term_once_with_its_meaning() -> None:
    repeated = [term for term, number in Counter(row[0] for row in ROWS).items() if number > 1]
    assert repeated == []
    assert [row[0] for row in ROWS if len(row[1]) < 20] == []
    assert len(ROWS) > 50


def test_every_row_has_all_columns() -> None:
    """A row with another number of cells would not be checked."""
    lines = [line for line in TERMS.splitlines() if line.startswith("| ") and "| meaning |" not in line]
    assert len(lines) == len(ROWS)


def test_tables_exist_and_every_table_has_a_term() -> None:
    assert set(names_in(2)) == metadata.tables.keys()


def test_classes_exist() -> None:
    assert [name for name in names_in(3) if not exists(name)] == []


def test_names_in_rest_exist() -> None:
    assert [name for name in names_in(4) if not is_in_rest(name)] == []


def test_names_in_grpc_exist() -> None:
    assert [name for name in names_in(5) if not is_in_grpc(name)] == []


def test_public_names_that_differ_exist() -> None:
    tables = [name for row in rows(PUBLIC_NAMES, 2) for name in re.findall(r"`(\w+)` \(table\)", row[0])]
    messages = [name for row in rows(PUBLIC_NAMES, 2) for name in re.findall(r"`(\w+)` \(gRPC\)", row[0])]
    assert tables
    assert set(tables) <= metadata.tables.keys()
    assert [name for name in messages if not is_in_grpc(name)] == []


@pytest.mark.parametrize("name", ["core.domain.links.link.Missing", "core.domain.missing", "missing.links.Link"])
def test_finds_a_class_that_does_not_exist(name: str) -> None:
    assert not exists(name)


@pytest.mark.parametrize("name", ["/api/v1/missing", "Missing", "LinkBody.missing"])
def test_finds_a_name_that_is_not_in_rest(name: str) -> None:
    assert not is_in_rest(name)


@pytest.mark.parametrize("name", ["Missing", "Integration.missing", "TokenService.Missing", "Missing.field"])
def test_finds_a_name_that_is_not_in_grpc(name: str) -> None:
    assert not is_in_grpc(name)
