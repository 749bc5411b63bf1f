"""Responses with repositories and branches. Other fields are skipped, because a page has 600 KB.

https://docs.github.com/rest/repos
"""

from datetime import datetime
from typing import Any

import msgspec

from adapters.github.tolerant_decoder import Id
from adapters.github.urls import parse_web_url
from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import known_visibility
from core.domain.identifiers import AccountId, RepoId
from core.domain.provider_events import RepositoryFacts

_REF = "refs/heads/"


class Owner(msgspec.Struct, gc=False):
    """The account a repository belongs to."""

    id: Id | None = None


class RepositoryResponse(msgspec.Struct, gc=False):
    """A repository."""

    id: Id
    full_name: str | None = None
    owner: Owner | None = None
    private: bool | None = None
    visibility: str | None = None
    html_url: str | None = None
    archived: bool | None = None
    fork: bool | None = None
    default_branch: str | None = None
    description: str | None = None
    language: str | None = None
    pushed_at: datetime | None = None
    updated_at: datetime | None = None
    topics: Any = None

    def to_domain(self) -> RepositoryFacts:
        """Return the domain value."""
        # By position: keyword arguments cost a third more, and a catalog has ten thousand repositories.
        return RepositoryFacts(
            RepoId(str(self.id)),
            self.full_name or None,
            self.private,
            parse_web_url(self.html_url),
            AccountId(str(self.owner.id)) if self.owner and self.owner.id else None,
            self.archived,
            self.fork,
            self.default_branch,
            self.description,
            self.language,
            self.pushed_at,
            self.updated_at,
            whole=True,
            topics=read_topics(self.topics),
            visibility=known_visibility(self.visibility),
        )


class RepositoriesResponse(msgspec.Struct):
    """A page of an installation's repositories.

    The list is required: an empty list would mean that all repositories are gone. A total of -1 means that
    GitHub sent none; the list then counts as incomplete.
    """

    repositories: list[RepositoryResponse]
    total_count: int = -1


class Rights(msgspec.Struct):
    """A person's permissions for a repository."""

    admin: bool = False


class VisibleRepository(msgspec.Struct):
    """A repository that a person can see."""

    id: Id | None = None
    permissions: Rights = msgspec.field(default_factory=Rights)


class VisibleRepositoriesResponse(msgspec.Struct):
    """A page of the installation's repositories that a person can see."""

    repositories: list[VisibleRepository | None]
    total_count: int = -1


class Commit(msgspec.Struct):
    """The last commit of a branch."""

    sha: str


class BranchResponse(msgspec.Struct):
    """A branch."""

    name: str
    commit: Commit
    protected: bool | None = None

    def to_domain(self) -> Branch:
        """Return the domain value."""
        return Branch(self.name, self.commit.sha, self.protected)


class RefResponse(msgspec.Struct):
    """A Git reference of a branch, under `refs/heads/`."""

    ref: str
    object: Commit

    def to_domain(self) -> Branch:
        """Return the domain value, without the protection, which the response does not contain."""
        return Branch(self.ref.removeprefix(_REF), self.object.sha, protected=None)


def read_topics(value: object) -> tuple[str, ...] | None:
    """Return the topics of a repository without values that are not text, or None if there is no list."""
    if not isinstance(value, list):
        return None
    return tuple(topic for topic in value if isinstance(topic, str))
