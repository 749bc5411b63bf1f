"""The files that differ between two commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """The changed files as far as they are known. A renamed file counts under both paths.

    `paths` are sorted and distinct. `total` is the number of known paths, also if `paths` has fewer.
    `complete` is whether all changed files are known.
    """

    paths: tuple[str, ...] = ()
    total: int = 0
    complete: bool = False

    @classmethod
    def of(cls, paths: Iterable[str], *, complete: bool) -> "ChangedFiles":
        """Return the changed files of these paths, which can be in any order and repeated."""
        distinct = tuple(sorted(set(paths)))
        return cls(distinct, len(distinct), complete)

    def shorten(self, *, max_paths: int, max_characters: int) -> "ChangedFiles":
        """Return at most the first `max_paths` paths, which have at most `max_characters` in total."""
        paths = self.paths[:max_paths]
        fitting = sum(length <= max_characters for length in accumulate(map(len, paths)))
        return self if fitting == len(self.paths) else ChangedFiles(paths[:fitting], self.total, self.complete)


UNKNOWN_FILES = ChangedFiles()
