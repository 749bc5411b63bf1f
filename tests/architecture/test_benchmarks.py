"""The pages of the benchmarks are those there are, and their index says what was found last."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import NAMES, load


def test_the_index_says_what_was_found_last() -> None:
    """Made anew by `python -m benchmarks --index`, or by any run."""
    assert report.INDEX.read_text() == report.index({name: load(name) for name in NAMES})


def test_every_page_has_its_benchmark() -> None:
    """One that is gone takes its page and its figures along."""
    kept = {file.stem for file in report.PAGES.iterdir()}
    assert kept <= set(NAMES)


@pytest.mark.parametrize("page", sorted(report.PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_says_whose_it_is_and_has_its_figures(page: Path) -> None:
    """The index is made from the figures alone."""
    assert page.read_text().startswith(f"# {load(page.stem).title}\n")
    assert page.with_suffix(".json").exists()
