"""Branches in the order that users see: the default branch first, then by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and its commit; `protected` is None if the provider did not report it."""

    name: str
    sha: str
    protected: bool | None


@dataclass(frozen=True, slots=True)
class KnownBranches:
    """The branches that a provider listed at a time; not all of them if `is_complete` is false."""

    branches: Sequence[Branch]
    is_complete: bool
    fetched_at: datetime


def sort_branches(branches: Iterable[Branch], default: str | None) -> list[Branch]:
    """Return each branch once, the default branch first."""
    by_name = {branch.name: branch for branch in branches}
    return sorted(by_name.values(), key=lambda branch: _order(branch.name, default))


def filter_branches(branches: Iterable[Branch], text: str) -> list[Branch]:
    """Return the branches whose names contain a text, ignoring case."""
    lowered = text.lower()
    return [branch for branch in branches if lowered in branch.name.lower()]


def branches_after(branches: Iterable[Branch], after: str, default: str | None) -> list[Branch]:
    """Return the branches after a name, whether or not a branch still has this name."""
    return [branch for branch in branches if _order(branch.name, default) > _order(after, default)]


def _order(name: str, default: str | None) -> tuple[bool, str, str]:
    return name != default, name.lower(), name
