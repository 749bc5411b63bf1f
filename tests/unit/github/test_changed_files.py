"""The changed files of a push: exact if the payload lists all of them, else marked as incomplete."""

import json
import tracemalloc
from typing import Any

import pytest

from adapters.github.protocol.changed_files import LISTED_COMMITS, LISTED_FILES, MAX_PATH, MAX_PATHS
from core.domain.changed_files import ChangedFiles
from core.domain.provider_events import Push
from tests.support.builders.webhooks import protocol
from tests.support.scenarios.processing import payload

MB = 1024 * 1024


def commit(**lists: Any) -> dict[str, Any]:
    """Return a commit with these lists of files."""
    return {**payload("push/branch")["commits"][0], "added": [], "removed": [], "modified": [], **lists}


def changed_files(*commits: object, **fields: Any) -> ChangedFiles:
    """Return the changed files of a push with these commits."""
    body = json.dumps({**payload("push/branch"), "commits": commits, "head_commit": None, **fields}).encode()
    push = protocol().decode("push", body)
    assert isinstance(push, Push)
    return push.changed_files


def test_joins_the_files_of_all_commits() -> None:
    """Each path once, sorted."""
    first = commit(added=["b", "größe/日本.md"], modified=["a"])
    second = commit(removed=["c"], modified=["b", "a"])
    paths = ("a", "b", "c", "größe/日本.md")
    assert changed_files(first, second) == ChangedFiles(paths, 4, complete=True)
    assert changed_files(commit()) == ChangedFiles(complete=True)


def test_keeps_paths_that_look_like_json() -> None:
    strange = ['a","b', "[]", "null", "x\\y", "line\nbreak", "a,b,c"]
    assert changed_files(commit(added=strange)) == ChangedFiles(tuple(sorted(strange)), len(strange), complete=True)


@pytest.mark.parametrize(
    ("commits", "fields"),
    [
        ([commit(added=["a"])], {"forced": True}),
        ([commit(added=["a"]), {**commit(), "id": None}], {}),
        ([commit(added=["a"]), None], {}),
        ([commit(added=["a"]), {name: value for name, value in commit().items() if name != "removed"}], {}),
        ([commit(added=["a"], removed=None)], {}),
        ([commit(added=["a"], removed="b")], {}),
        ([commit(added=["a", None])], {}),
        ([commit(added=["a", {"path": "b"}])], {}),
        ([commit(added=["a", "x" * (MAX_PATH + 1)])], {}),
        ([commit(added=["a"])] * LISTED_COMMITS, {}),
        ([commit(added=["a"], modified=["a"] * (LISTED_FILES - 1))], {}),
        ([commit(added=["a"]), commit(added=["a"] * (MAX_PATHS + 1))], {}),
    ],
    ids=[
        "forced",
        "commit without id",
        "null commit",
        "missing list",
        "null list",
        "text instead of list",
        "null path",
        "object as path",
        "too long path",
        "longest list of commits",
        "longest list of files",
        "too many paths",
    ],
)
def test_is_incomplete_if_a_file_can_be_missing(commits: list[object], fields: dict[str, Any]) -> None:
    """The paths that are known stay."""
    assert changed_files(*commits, **fields) == ChangedFiles(("a",), 1, complete=False)


@pytest.mark.parametrize("fields", [{"created": True}, {"deleted": True}, {"commits": None}, {}])
def test_push_without_commits_is_incomplete(fields: dict[str, Any]) -> None:
    """A new branch, a deleted one, or a missing list."""
    assert changed_files(**fields) == ChangedFiles()


def test_one_less_than_the_limits_is_complete() -> None:
    files = [f"src/{number}" for number in range(LISTED_FILES - 1)]
    assert changed_files(commit(modified=files)) == ChangedFiles(tuple(sorted(files)), len(files), complete=True)
    assert changed_files(*[commit(added=["a"])] * (LISTED_COMMITS - 1)).complete


@pytest.mark.slow
def test_large_lists_need_little_memory() -> None:
    """GitHub sends up to 25 MB, which need proportionally less. Only distinct paths are kept, up to a limit."""
    row = commit(modified=[f"packages/web/source/component_{number}.tsx" for number in range(2_900)])
    repeated = json.dumps({**payload("push/branch"), "commits": [row] * 16, "head_commit": None}).encode()
    hostile = json.dumps({**payload("push/branch"), "commits": [commit(added=["x"] * 400_000)]}).encode()
    assert 1.8 * MB < len(repeated) < 2.5 * MB
    assert 1.8 * MB < len(hostile) < 2.5 * MB
    for body, total in ((repeated, 2_900), (hostile, 0)):
        tracemalloc.start()
        push = protocol().decode("push", body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(push, Push)
        assert push.changed_files.total == total
        assert peak < 3 * len(body)


def test_shortens_by_number_and_by_characters() -> None:
    """The total stays."""
    files = ChangedFiles.of(["aa", "b", "c", "b"], complete=True)
    assert files == ChangedFiles(("aa", "b", "c"), 3, complete=True)
    assert files.shorten(max_paths=3, max_characters=4) is files
    assert files.shorten(max_paths=2, max_characters=4) == ChangedFiles(("aa", "b"), 3, complete=True)
    assert files.shorten(max_paths=3, max_characters=3) == ChangedFiles(("aa", "b"), 3, complete=True)
    assert files.shorten(max_paths=3, max_characters=1) == ChangedFiles((), 3, complete=True)
