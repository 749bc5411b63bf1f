"""CONTRIBUTING.md and .pre-commit-config.yaml name what exists; CHANGELOG.md has its form."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|yaml|toml))`")
# Other paths are written at run time or relative to a folder.
_TRACKED = ("src/", "tests/", "testing/", "local/", "sandbox/", "docs/", "proto/", "deploy/", "dashboard/")
_TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
}


def is_title_accepted(message: str) -> bool:
    """Match a message as pre-commit does with `--multiline`."""
    patterns = [HOOKS[hook]["entry"] for hook in ("commit-title-length", "commit-title-form")]
    return not any(re.search(pattern, message, re.MULTILINE | re.DOTALL) for pattern in patterns)


@pytest.mark.parametrize(("file", "least"), [("CONTRIBUTING.md", 40), ("docs/architecture.md", 30), ("README.md", 10)])
def test_paths_exist(file: str, least: int) -> None:
    paths = [path for path in _PATH.findall((ROOT / file).read_text()) if "/" in path.strip("/")]
    paths = [path for path in paths if path.startswith(_TRACKED)]
    assert len(paths) > least
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_links_and_recipes_are_complete() -> None:
    recipes = re.findall(r"^### Add an? (.*)$", GUIDE, re.MULTILINE)
    assert recipes == ["REST endpoint", "gRPC method", "table", "domain event", "setting"]


@pytest.mark.parametrize("file", ["CONTRIBUTING.md", ".pre-commit-config.yaml"])
def test_make_targets_exist(file: str) -> None:
    named = re.findall(r"(?:`|entry: )make (?:--silent )?([a-z0-9 -]+)", (ROOT / file).read_text())
    assert named
    assert {target for targets in named for target in targets.split()} <= _TARGETS


def test_each_entry_of_the_changelog_is_one_line() -> None:
    releases = (ROOT / "CHANGELOG.md").read_text().partition("\n## ")[2]
    entries = re.findall(r"^- .*$", releases, re.MULTILINE)
    assert len(entries) > 50
    assert [entry for entry in entries if len(entry) > 140 or not entry.endswith((".", ".**"))] == []
    assert re.findall(r"^ +\S.*$", releases, re.MULTILINE) == []


def test_hooks_use_the_tools_of_the_environment() -> None:
    """A hook of another repository would download it."""
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (\S+)", text) == ["local"]
    assert {hook["language"] for hook in HOOKS.values()} == {"system", "pygrep"}
    tools = re.findall(r"entry: \.venv/bin/(\S+)", text)
    assert set(tools) == {"ruff", "buf"}


@pytest.mark.parametrize(
    "message",
    [
        "Reject webhook bodies over 25 MB\n",
        "Reject webhook bodies over 25 MB\n\nGitHub sends none that is larger.\n",
        f"{'a' * 72}\n",
        "Reject webhook bodies over 25 MB\n# Please enter the commit message.\n",
    ],
)
def test_accepts_a_commit_message(message: str) -> None:
    assert is_title_accepted(message)


@pytest.mark.parametrize(
    "message",
    [
        f"{'a' * 73}\n",
        f"{'a' * 73}",
        "Reject webhook bodies over 25 MB.\n",
        "Reject webhook bodies over 25 MB.\n\nGitHub sends none that is larger.\n",
        "Reject webhook bodies over 25 MB\nGitHub sends none that is larger.\n",
    ],
)
def test_rejects_a_commit_message(message: str) -> None:
    assert not is_title_accepted(message)
