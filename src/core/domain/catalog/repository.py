from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.provider_events import RepositoryFacts


class Visibility(Enum):
    """Who can see a repository at the provider; `internal` means every member of an enterprise."""

    PUBLIC = "public"
    PRIVATE = "private"
    INTERNAL = "internal"


_VISIBILITIES = frozenset(kind.value for kind in Visibility)


def known_visibility(word: str | None) -> str | None:
    """Return a provider's word for a visibility if it is a known word, or None."""
    return word if word in _VISIBILITIES else None


@dataclass(slots=True)
class Repository:
    """One row of the catalog: a repository that an integration can access, or could until `removed_at`.

    Never changed, but not frozen: a list creates fifty, and freezing makes each seven times as expensive.
    """

    integration_id: IntegrationId
    repo_id: RepoId
    full_name: str
    url: str | None = None
    private: bool = True
    archived: bool = False
    fork: bool = False
    default_branch: str | None = None
    description: str | None = None
    language: str | None = None
    pushed_at: datetime | None = None
    provider_updated_at: datetime | None = None
    removed_at: datetime | None = None
    stored_visibility: str | None = None
    # None until a version that stores topics has read the provider's list.
    topics: tuple[str, ...] | None = None

    @property
    def visibility(self) -> str:
        """Who can see the repository; derived from `private` if the provider sent no visibility."""
        return self.stored_visibility or ("private" if self.private else "public")

    @property
    def owner(self) -> str:
        """The account's login, as last reported."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.full_name.rpartition("/")[2]


class RepositoryArchived(DomainError):
    """The repository is archived, so it is read-only at the provider. Unarchive it first."""

    kind = ErrorKind.FAILED_PRECONDITION
    code = "repository_archived"


class RepositoryNotFound(DomainError):
    """The integration has no access to a repository with this id.

    Check the id, or give the app access to the repository at the provider.
    """

    kind = ErrorKind.NOT_FOUND
    code = "repository_not_found"


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """One page of an installation's repositories; `total` counts all pages.

    `whole` is False on a last page after a list that changed while it was read, or whose counts disagree: a
    repository's absence then proves nothing.
    """

    total: int
    repositories: tuple[RepositoryFacts, ...]
    whole: bool = True
