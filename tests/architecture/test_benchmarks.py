"""The pages of the benchmarks are those there are, and their index says what was found last."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import NAMES, load


def test_index_shows_the_latest_results() -> None:
    """`python -m benchmarks --index` and each run write the index."""
    assert report.INDEX.read_text() == report.index({name: load(name) for name in NAMES})


def test_every_page_has_its_benchmark() -> None:
    """A benchmark that is removed takes its page and figures with it."""
    kept = {file.stem for file in report.PAGES.iterdir()}
    assert kept <= set(NAMES)


@pytest.mark.parametrize("page", sorted(report.PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_names_its_benchmark_and_has_figures(page: Path) -> None:
    """The index is made from the figures alone."""
    assert page.read_text().startswith(f"# {load(page.stem).title}\n")
    assert page.with_suffix(".json").exists()
