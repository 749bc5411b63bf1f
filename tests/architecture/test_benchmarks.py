"""The pages of the benchmarks are those there are, and their index says what was found last."""

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


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_was_measured_and_says_how(name: str) -> None:
    """What nobody has run yet says nothing."""
    page = (report.PAGES / f"{name}.md").read_text()
    assert page.startswith(f"# {load(name).title}\n")
    assert (report.PAGES / f"{name}.json").exists()
