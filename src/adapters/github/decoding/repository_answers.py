"""Repositories and branches, decoded to just the fields we use and told in the domain's words.

Unknown fields are skipped without being built: a page of 100 repositories is 600 KB, of which we need 40.
https://docs.github.com/rest/repos
"""

from datetime import datetime
from typing import Any

import msgspec

from adapters.github.decoding.tolerant import Id
from adapters.github.decoding.topics import read_topics
from adapters.github.decoding.web_urls import parse_web_url
from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import known_visibility
from core.domain.identifiers import AccountId, RepoId
from core.domain.provider_events import RepositoryFacts

_REF = "refs/heads/"


class Owner(msgspec.Struct, gc=False):
    """The account a repository belongs to."""

    id: Id | None = None


class RepositoryResponse(msgspec.Struct, gc=False):
    """One repository, whole."""

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
        """Return it in the domain's words."""
        # By position: names would cost a third more, and a catalog has ten thousand of these.
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
    """One page of an installation's repositories.

    The list is required: an empty list would mean that all repositories are gone. A total of -1 means that
    GitHub sent none; the list then counts as incomplete.
    """

    repositories: list[RepositoryResponse]
    total_count: int = -1


class Rights(msgspec.Struct):
    """What a person may do to a repository."""

    admin: bool = False


class VisibleRepository(msgspec.Struct):
    """A repository as a person sees it."""

    id: Id | None = None
    permissions: Rights = msgspec.field(default_factory=Rights)


class VisibleRepositoriesResponse(msgspec.Struct):
    """One page of an installation's repositories that a person sees."""

    repositories: list[VisibleRepository | None]
    total_count: int = -1


class Commit(msgspec.Struct):
    """Where a branch points."""

    sha: str


class BranchResponse(msgspec.Struct):
    """One branch."""

    name: str
    commit: Commit
    protected: bool | None = None

    def to_domain(self) -> Branch:
        """Return it in the domain's words."""
        return Branch(self.name, self.commit.sha, self.protected)


class RefResponse(msgspec.Struct):
    """One reference, of which branches are those under `refs/heads/`."""

    ref: str
    object: Commit

    def to_domain(self) -> Branch:
        """Return it in the domain's words; whether it is protected is not said here."""
        return Branch(self.ref.removeprefix(_REF), self.object.sha, protected=None)
