"""Relative links in Markdown files lead to files and headings that exist, and the index names every page."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")])
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return the anchors that GitHub makes from a page's headings."""
    found: list[str] = []
    for title in re.findall(r"^#+ (.+)$", _FENCE.sub("", document.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        # Of headings with equal text, GitHub numbers the second and later ones.
        number = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each) is not None for each in found)
        found.append(f"{anchor}-{number}" if number else anchor)
    return frozenset(found)


def leads_somewhere(document: Path, link: str) -> bool:
    """Return whether a relative link of a document has a target."""
    path, _, anchor = link.partition("#")
    target = (document.parent / unquote(path)).resolve() if path else document
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(document: Path) -> None:
    links = _LINK.findall(_FENCE.sub("", document.read_text()))
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]

    assert [link for link in relative if not leads_somewhere(document, link)] == []


def test_the_index_names_every_page() -> None:
    """The folders of decisions and benchmarks have their own indexes."""
    index = (DOCS / "README.md").read_text()
    named = {unquote(link) for link in _LINK.findall(index)}
    pages = {str(path.relative_to(DOCS)) for path in [*DOCS.glob("*.md"), *DOCS.glob("reference/*.md")]}

    assert pages - {"README.md"} <= named


def test_pages_named_elsewhere_exist() -> None:
    """Messages, comments and configuration send readers to pages of `docs`."""
    folders = [ROOT / folder for folder in ("src", "deploy", "proto/crewkit", "examples", "dashboard/src")]
    kinds = {".py", ".proto", ".sh", ".yml", ".yaml", ".json", ".example", ".service", ".ts", ".tsx"}
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    files += [ROOT / name for name in ("Makefile", "compose.yaml", "Dockerfile", "pyproject.toml")]
    named = {
        (str(file.relative_to(ROOT)), page)
        for file in files
        if "payloads" not in file.relative_to(ROOT).parts
        for page in re.findall(r"\bdocs/[\w./-]+\.(?:md|json)\b", file.read_text())
    }

    assert len(named) > 10
    assert {(file, page) for file, page in named if not (ROOT / page).exists()} == set()
