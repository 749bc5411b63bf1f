"""The files that differ between two trees, read with few requests.

A request for a whole tree returns at most 100,000 entries and marks the response as truncated if the tree has more
(https://docs.github.com/rest/git/trees#get-a-tree). Then each directory is compared separately, and only those that
differ are read.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from adapters.github.api.content_responses import TreeResponse

MAX_REQUESTS = 200
"""The most requests for one comparison. An installation has at least 5,000 in an hour."""


@dataclass(slots=True)
class TreeComparison:
    """Collects the paths that differ. `complete` is whether these are all."""

    read: Callable[[str, bool], Awaitable[TreeResponse]]
    """Reads the tree of this id, with its subdirectories if the second argument is true."""
    max_requests: int = MAX_REQUESTS
    paths: set[str] = field(default_factory=set)
    complete: bool = True
    _requests: int = 0

    async def compare(self, base: str | None, head: str | None, prefix: str = "") -> None:
        """Add the files that differ between two trees; None is a tree without files."""
        if base == head:
            return
        before, after = await self._read(base, is_recursive=True), await self._read(head, is_recursive=True)
        if not before.truncated and not after.truncated:
            self._add(_list_files(before), _list_files(after), prefix)
            return
        before, after = await self._read(base, is_recursive=False), await self._read(head, is_recursive=False)
        if before.truncated or after.truncated:
            self.complete = False
        self._add(_list_files(before), _list_files(after), prefix)
        old, new = _list_directories(before), _list_directories(after)
        for path in sorted(old.keys() | new.keys()):
            await self.compare(old.get(path), new.get(path), f"{prefix}{path}/")

    async def _read(self, sha: str | None, *, is_recursive: bool) -> TreeResponse:
        if sha is None:
            return TreeResponse([])
        if self._requests >= self.max_requests:
            self.complete = False
            return TreeResponse([])
        self._requests += 1
        return await self.read(sha, is_recursive)

    def _add(self, before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]], prefix: str) -> None:
        self.paths.update(prefix + path for path, _ in before.items() ^ after.items())


def _list_files(tree: TreeResponse) -> Mapping[str, tuple[str, str]]:
    return {entry.path: (entry.mode, entry.sha) for entry in tree.tree if not entry.is_directory}


def _list_directories(tree: TreeResponse) -> Mapping[str, str]:
    return {entry.path: entry.sha for entry in tree.tree if entry.is_directory}
