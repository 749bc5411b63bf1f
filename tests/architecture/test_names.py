"""Functions are named by verbs: in each package, participles and gerunds name less than 1 % of them."""

import pytest

from tests.support.language import participles


@pytest.mark.parametrize("package", participles.PACKAGES)
def test_functions_are_named_by_verbs(package: str) -> None:
    """Rename one of the listed functions if a package reaches 1 %."""
    total, findings = participles.scan_package(package)
    assert total > 0
    assert len(findings) < participles.MAX_SHARE * total, "\n".join(map(str, findings))


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
