"""What people find in the catalog, and in which order."""

from dataclasses import dataclass

from core.domain.identifiers import RepoId
from core.domain.repositories import Repository

# Where people hear a new word begin.
SEPARATORS = "/-_. "
# Fewer characters than this would be found nearly everywhere.
FOUND_ANYWHERE = 3


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """Which repositories; None means any, and so does an empty text. See `is_found` for the text."""

    text: str = ""
    archived: bool | None = None
    private: bool | None = None
    fork: bool | None = None

    def matches(self, repository: Repository) -> bool:
        """Tell whether a repository is one of these."""
        return (
            self.archived in (None, repository.archived)
            and self.private in (None, repository.private)
            and self.fork in (None, repository.fork)
            and is_found(self.text, repository.full_name)
        )


@dataclass(frozen=True, slots=True)
class CatalogPlace:
    """Where a row stands in the order of names; what is inserted before or after it moves nothing."""

    full_name: str
    repo_id: RepoId


def searchable(text: str) -> str:
    """Return a name, or what is sought in one, as both are compared: case makes no difference."""
    return text.lower()


def is_found(sought: str, full_name: str) -> bool:
    """Tell whether a name of the form `owner/name` has this in it.

    Three characters or more are found anywhere; fewer only where a part of the name begins.
    """
    sought, name = searchable(sought), searchable(full_name)
    if len(sought) >= FOUND_ANYWHERE or not sought:
        return sought in name
    return name.startswith(sought) or any(f"{separator}{sought}" in name for separator in SEPARATORS)
