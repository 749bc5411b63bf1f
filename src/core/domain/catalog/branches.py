"""Branches as people look for them: the default branch first, then by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and the commit it points at; `protected` is None where the provider did not say."""

    name: str
    sha: str
    protected: bool | None


@dataclass(frozen=True, slots=True)
class KnownBranches:
    """What a provider listed at a time; not all of them where `is_complete` is false."""

    branches: Sequence[Branch]
    is_complete: bool
    fetched_at: datetime


def sort_branches(branches: Iterable[Branch], default: str | None) -> list[Branch]:
    """Return these branches once each, the default one first."""
    by_name = {branch.name: branch for branch in branches}
    return sorted(by_name.values(), key=lambda branch: _order(branch.name, default))


def filter_branches(branches: Iterable[Branch], text: str) -> list[Branch]:
    """Return those in whose names a text is found, without regard to case."""
    sought = text.lower()
    return [branch for branch in branches if sought in branch.name.lower()]


def branches_after(branches: Iterable[Branch], after: str, default: str | None) -> list[Branch]:
    """Return those that come after a name, whether or not it is still among them."""
    return [branch for branch in branches if _order(branch.name, default) > _order(after, default)]


def _order(name: str, default: str | None) -> tuple[bool, str, str]:
    return name != default, name.lower(), name
