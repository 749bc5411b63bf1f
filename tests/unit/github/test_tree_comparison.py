"""Trees are compared exactly, whether GitHub returns them whole or truncated."""

from collections.abc import Iterator
from hashlib import sha1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.content_responses import TreeEntry, TreeResponse
from adapters.github.api.tree_comparison import TreeComparison

NAMES = st.sampled_from(["a", "b", "c", "a.b"])
CONTENTS = st.sampled_from(["1", "2"])
Tree = dict[str, "str | Tree"]
TREES = st.recursive(
    st.dictionaries(NAMES, CONTENTS, min_size=1),
    lambda inner: st.dictionaries(NAMES, CONTENTS | inner, min_size=1),
    max_leaves=12,
)


class Repository:
    """Trees by id. A response has at most `limit` entries."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.trees: dict[str, Tree] = {}
        self.requests = 0

    def add(self, tree: Tree) -> str:
        """Add a tree and its subdirectories; return its id."""
        sha = sha1(repr(sorted(tree.items())).encode(), usedforsecurity=False).hexdigest()
        self.trees[sha] = tree
        return sha

    async def read(self, sha: str, is_recursive: bool) -> TreeResponse:
        """Return a tree as GitHub does."""
        self.requests += 1
        entries = list(self._list(self.trees[sha], "", is_recursive))
        return TreeResponse(entries[: self.limit], truncated=len(entries) > self.limit)

    def _list(self, tree: Tree, prefix: str, is_recursive: bool) -> Iterator[TreeEntry]:
        for name, item in sorted(tree.items()):
            if isinstance(item, str):
                yield TreeEntry(prefix + name, item, "100644")
            else:
                yield TreeEntry(prefix + name, self.add(item), "040000", "tree")
                if is_recursive:
                    yield from self._list(item, f"{prefix}{name}/", is_recursive)


def list_files(tree: Tree, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return the path and content of each file."""
    for name, item in tree.items():
        if isinstance(item, str):
            yield prefix + name, item
        else:
            yield from list_files(item, f"{prefix}{name}/")


@given(TREES, TREES, st.integers(4, 30))
async def test_finds_exactly_the_changed_files(before: Tree, after: Tree, limit: int) -> None:
    """A file may become a directory. A directory has at most four entries, so each fits into a response."""
    repository = Repository(limit)
    comparison = TreeComparison(repository.read)
    await comparison.compare(repository.add(before), repository.add(after))
    assert comparison.paths == {path for path, _ in set(list_files(before)) ^ set(list_files(after))}
    assert comparison.complete


@pytest.mark.parametrize(("limit", "max_requests"), [(3, 100), (5, 4)])
async def test_reports_that_files_may_be_missing(limit: int, max_requests: int) -> None:
    """A directory is too large, or the trees need too many requests."""
    repository = Repository(limit)
    wide: Tree = {f"d{number}": {f"f{number}": "1" for number in range(4)} for number in range(4)}
    comparison = TreeComparison(repository.read, max_requests)
    await comparison.compare(repository.add(wide), repository.add({"x": "1"}))
    assert not comparison.complete
    assert repository.requests <= max_requests


async def test_equal_trees_need_no_request() -> None:
    repository = Repository(1)
    comparison = TreeComparison(repository.read)
    await comparison.compare("a", "a")
    assert (comparison.paths, comparison.complete, repository.requests) == (set(), True, 0)
