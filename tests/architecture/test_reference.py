"""Every table in `docs/reference` is the code's, and the code's tables are all there."""

from collections import defaultdict
from pathlib import Path

import pytest

from core.domain.errors import DomainError
from tests.support.reference.errors import error_types, list_texts
from tests.support.reference.pages import BLOCK, FOLDER, TABLES, fill, without_tables

PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_equal_the_code(page: Path) -> None:
    """`make reference` writes them again."""
    text = page.read_text()

    assert fill(text) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_generated(page: Path) -> None:
    """Only generated tables are compared with the code."""
    text = without_tables(page.read_text())

    assert [line for line in text.splitlines() if line.startswith("|")] == []


def test_every_table_is_on_one_page() -> None:
    names = [name for page in PAGES for name, _ in BLOCK.findall(page.read_text())]

    assert sorted(names) == sorted(TABLES)


def test_every_error_code_has_one_text() -> None:
    """Two classes with one code would document it twice."""
    texts = defaultdict(list)
    for code, text in list_texts():
        texts[code].append(text)

    assert {code: found for code, found in texts.items() if len(found) != 1 or not found[0]} == {}


def test_the_base_class_is_not_an_error_code() -> None:
    """Its docstring is for developers, so no caller may read it."""
    assert DomainError not in error_types()
    assert not hasattr(DomainError, "code")
    assert DomainError.documentation()
    assert DomainError.documentation() not in dict(list_texts()).values()


def test_every_error_has_a_kind_and_a_code() -> None:
    """Base classes such as `DeliveryRefused` may have none, since only their subclasses are raised."""
    raised = [error for error in _subclasses(DomainError) if not error.__subclasses__()]

    assert [error for error in raised if not hasattr(error, "kind") or not hasattr(error, "code")] == []


def test_errors_of_adapters_are_not_for_callers() -> None:
    """The table has the codes of core, ports and entrypoints; only `migrate` prints an adapter's code."""
    documented = error_types()
    missing = {
        error.code
        for error in _subclasses(DomainError) - documented
        if "code" in vars(error) and error.__module__.startswith("adapters.")
    }

    assert missing == {"revision_unknown"}


def _subclasses(base: type[DomainError]) -> set[type[DomainError]]:
    direct = set(base.__subclasses__())
    return direct.union(*(_subclasses(each) for each in direct))
