from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["pull", "triage", "push", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("pull", "triage", "push", "maintain", "admin")
NO_COMMIT = "0" * 40


@dataclass(slots=True)
class Signature:
    """Whom a commit names; nothing proves it."""

    name: str
    email: str


@dataclass(slots=True)
class Commit:
    """A commit someone pushed."""

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


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """What a push did to one ref."""

    ref: str
    before: str
    after: str
    commits: tuple[Commit, ...] = ()
    forced: bool = False

    @property
    def created(self) -> bool:
        """Tell whether the ref is new."""
        return self.before == NO_COMMIT

    @property
    def deleted(self) -> bool:
        """Tell whether the ref is gone."""
        return self.after == NO_COMMIT

    @property
    def is_tag(self) -> bool:
        """Tell a tag from a branch."""
        return self.ref.startswith("refs/tags/")

    @property
    def name(self) -> str:
        """Return the branch's or tag's name."""
        return self.ref.split("/", 2)[2]


@dataclass(slots=True)
class Branch:
    """A branch's head."""

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
        """Return GitHub's word for it; a merged one is closed too."""
        return "closed" if self.closed_at else "open"


@dataclass(slots=True)
class Repository:
    """A repository with its refs; `tags` may point at a tag object or straight at a commit."""

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
    """The texts that the commits without parents are built from, by the commit's name."""
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    collaborators: dict[int, Role] = field(default_factory=dict)
