"""Commits of a repository, compared by their files."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.changed_files import ChangedFiles
from core.domain.errors import DomainError, ErrorKind


@dataclass(frozen=True, slots=True)
class Comparison:
    """The files that differ between two commits, which never changes."""

    base_sha: str
    head_sha: str
    files: ChangedFiles


@dataclass(frozen=True, slots=True)
class Directories:
    """The directories of a commit, sorted; not all of them if `is_complete` is false."""

    paths: Sequence[str]
    is_complete: bool


class CommitNotFound(DomainError):
    """The repository has no branch, tag or commit with this name.

    Check the name. For the commit before a new branch, pass the default branch.
    """

    kind = ErrorKind.NOT_FOUND
    code = "commit_not_found"
