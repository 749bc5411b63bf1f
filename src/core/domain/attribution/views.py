from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.attribution.attribution import Method, Role
from core.domain.identifiers import RepoId


class AttributionStatus(Enum):
    """Whether a person named in a commit was matched to a user."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class AttributionFilter:
    """Which attributions; None means any. A project's are those of the repository it is linked to now."""

    status: AttributionStatus | None = None
    project_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NamedUser:
    """A user as members of the same organization see them."""

    id: UUID
    name: str | None


@dataclass(frozen=True, slots=True)
class AttributionView:
    """One person named in one commit, as one organization may see it; `id` is where it stands in the list.

    `user` is there only while they are a member; of one who left nothing is told but `not_a_member`.
    """

    id: int
    provider: str
    repo_id: RepoId
    repo_full_name: str | None
    sha: str
    role: Role
    name: str
    address: str | None
    username: str | None
    status: AttributionStatus
    method: Method
    user: NamedUser | None
    committed_at: datetime | None
    recorded_at: datetime
