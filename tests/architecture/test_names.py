"""Functions are named by verbs: in each package, participles and gerunds name less than 1 % of them."""

import pytest

from tests.support.language import baseline, participles

HOW = "See CONTRIBUTING.md; `make language` lowers the baseline."


def test_functions_are_named_by_verbs() -> None:
    """A package above 1 % has its participles in the baseline, which may only shrink; below, it has none there."""
    findings = participles.scan_packages_over_limit()
    differences = baseline.problems(baseline.count(findings), baseline.read(participles.FILE), what=participles.WHAT)
    over = [str(item) for item in findings if any(f"{item.path} " in sentence for sentence in differences)]
    assert (differences, over) == ([], []), HOW


@pytest.mark.parametrize("package", participles.PACKAGES)
def test_reads_every_package(package: str) -> None:
    total, _ = participles.scan_package(package)
    assert total > 50


@pytest.mark.parametrize("name", ["told", "_bound", "listed_by", "counting", "_taken_at", "__stopped"])
def test_recognizes_participles(name: str) -> None:
    assert participles.is_participle(name)


@pytest.mark.parametrize("name", ["tell", "bind", "_list_by", "ping", "embed_fonts", "feed", "test_rejected"])
def test_accepts_verbs(name: str) -> None:
    assert not participles.is_participle(name)


def test_ignores_properties_and_fixtures() -> None:
    source = """
class Link:
    @property
    def linked(self): ...
    @pytest.fixture(scope="session")
    def started(self): ...
    @staticmethod
    def sorted(): ...
"""
    assert [name for _, name in participles.functions_in(source)] == ["sorted"]


def test_the_baseline_of_a_package_may_only_shrink() -> None:
    found = [participles.Participle("src/b.py", 1, "bound"), participles.Participle("src/b.py", 2, "told")]
    assert participles.lower(found, {"src/a.py": 2, "src/c.py": 1}) == "2 src/b.py\n"
    with pytest.raises(baseline.BaselineGrows, match="src has 2 functions named by participles; its baseline is 1"):
        participles.lower(found, {"src/a.py": 1})
