"""The README is short, and everything it names exists."""

import re
from pathlib import Path

from entrypoints.cli.main import COMMANDS
from entrypoints.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# Only the tests and compose.yaml read these.
OTHER_VARIABLES = {"CREWKIT_GIT_IMAGE", "CREWKIT_GIT_TEST_DATABASE_URL", "CREWKIT_GIT_TEST_REDIS_URL"}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/reference/*.md")])


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_commands_exist() -> None:
    named = set(re.findall(r"crewkit-git ([a-z][a-z-]+)", README))

    assert named
    assert named - set(COMMANDS) == set()


def test_settings_exist() -> None:
    """Readers would set a renamed setting in vain. The changelog also names removed settings."""
    known = {setting.variable for setting in SETTINGS} | OTHER_VARIABLES
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    named = {
        (page.name, name.removesuffix("_FILE"))
        for page in pages
        for name in re.findall(r"\bCREWKIT_GIT_[A-Z_]*[A-Z]\b", page.read_text())
    }

    assert {(page, name) for page, name in named if name not in known} == set()


def test_files_exist() -> None:
    """Paths in backquotes lead somewhere."""
    paths = re.findall(r"`((?:src|tests|docs|proto|deploy|benchmarks|dashboard)/[^`\s]*)`", README)

    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z0-9-]+)", page.read_text())}

    assert named - targets == set()
