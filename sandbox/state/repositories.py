from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["pull", "triage", "push", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("pull", "triage", "push", "maintain", "admin")
NO_COMMIT = "0" * 40


@dataclass(slots=True)
class Signature:
    """The unverified name and address in a commit."""

    name: str
    email: str


@dataclass(slots=True)
class Commit:
    """A pushed commit. `files` has the content of each file, by path."""

    sha: str
    tree: str
    message: str
    at: datetime
    author: Signature
    committer: Signature
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """The change of one ref by a push."""

    ref: str
    before: str
    after: str
    commits: tuple[Commit, ...] = ()
    forced: bool = False

    @property
    def created(self) -> bool:
        """Whether the ref is new."""
        return self.before == NO_COMMIT

    @property
    def deleted(self) -> bool:
        """Whether the ref was deleted."""
        return self.after == NO_COMMIT

    @property
    def is_tag(self) -> bool:
        """Whether the ref is a tag and not a branch."""
        return self.ref.startswith("refs/tags/")

    @property
    def name(self) -> str:
        """The name of the branch or tag."""
        return self.ref.split("/", 2)[2]


@dataclass(slots=True)
class Branch:
    """A branch with the id of its last commit."""

    sha: str
    protected: bool = False


@dataclass(slots=True)
class TagObject:
    """An annotated tag."""

    name: str
    target: str
    tagger: Signature
    at: datetime


@dataclass(slots=True)
class PullRequest:
    """A pull request between two branches of one repository."""

    id: int
    number: int
    title: str
    author_id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    draft: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by_id: int | None = None
    merge_sha: str | None = None

    @property
    def state(self) -> Literal["open", "closed"]:
        """The state in GitHub's API. A merged pull request is closed."""
        return "closed" if self.closed_at else "open"


@dataclass(slots=True)
class Repository:
    """A repository with its refs. `tags` point to a tag object or a commit."""

    id: int
    name: str
    owner_id: int
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    private: bool = True
    archived: bool = False
    fork: bool = False
    description: str | None = None
    language: str | None = None
    default_branch: str = "main"
    topics: list[str] = field(default_factory=list)
    size: int = 0
    branches: dict[str, Branch] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tag_objects: dict[str, TagObject] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    first_commits: dict[str, str] = field(default_factory=dict)
    """The texts of the commits without parents, by commit id."""
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    collaborators: dict[int, Role] = field(default_factory=dict)
