"""The authors of an organization's commits: persons and addresses, and who an address was assigned to."""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType
from uuid import UUID

from core.domain.attribution.attribution import AttributionStatus, Method, NamedUser
from core.domain.attribution.authors import MAX_ADDRESS
from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId, UserId

AssignmentId = NewType("AssignmentId", int)


class AssignmentKind(Enum):
    """What an address was assigned to.

    `user`: a member. `bot`: a program. `ignored`: nothing, so that the address is not listed as unmatched.
    """

    USER = "user"
    BOT = "bot"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class AuthorAssignment:
    """The decision of an owner or admin about all commits with an address. It overrides every other method.

    `user_id` and `assignee` are the row id and the id of the user, if the kind is USER.
    """

    id: AssignmentId
    external_id: UUID
    organization_id: OrganizationId
    address: str
    kind: AssignmentKind
    user_id: UserId | None
    assignee: UUID | None
    created_at: datetime
    updated_at: datetime


class GitAuthorNotFound(DomainError):
    """No commit of this organization has an author with this key. Load the list of authors again."""

    kind = ErrorKind.NOT_FOUND
    code = "git_author_not_found"


class AssigneeNotFound(DomainError):
    """The user does not exist, or is not a member of the organization. Choose a member."""

    # Both cases look the same, so that callers cannot find out which users exist.
    kind = ErrorKind.NOT_FOUND
    code = "assignee_not_found"


def to_author_key(address: str) -> str:
    """Return the key of an address in paths and messages."""
    return base64.urlsafe_b64encode(address.encode()).rstrip(b"=").decode()


def parse_author_key(key: str) -> str:
    """Return the address of a key; raises `GitAuthorNotFound`."""
    try:
        address = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        address = ""
    if not address or len(address) > MAX_ADDRESS or "\0" in address:
        raise author_not_found()
    return address


def author_not_found() -> GitAuthorNotFound:
    """Return the error, which is equal for a key of another organization."""
    return GitAuthorNotFound(
        "No commit of this organization has an author with this key. Load the list of authors again."
    )


@dataclass(frozen=True, slots=True)
class AuthorCommits:
    """The number of an address's commits in one repository."""

    integration_id: IntegrationId
    repo_id: RepoId
    commits: int


@dataclass(frozen=True, slots=True)
class AuthorFilter:
    """Which authors to list; None means any. Those of a project are those of the repository that it is linked to now.

    `query` is a part of the name, the address, the login or the member's name. `since` is the earliest time at which
    the author's last commit was recorded.
    """

    status: AttributionStatus | None = None
    query: str = ""
    project_id: UUID | None = None
    since: datetime | None = None


class SuggestionReason(Enum):
    """Why a member is suggested for an address without a user.

    `same_name`: the member has the name in the commits. `similar_login`: the login, or the part of the address before
    the at sign, is the member's login or the same part of the member's address. `co_author`: all recent commits that
    name the address as co-author are the member's, as when a squash merge names the author's other address.
    """

    SAME_NAME = "same_name"
    SIMILAR_LOGIN = "similar_login"
    CO_AUTHOR = "co_author"


class Confidence(Enum):
    """How likely a suggestion is right: `high`, `medium` or `low`.

    `low` includes every reason that several members have.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A member who may be the author of an address's commits."""

    user: NamedUser
    reason: SuggestionReason
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class AuthorEmail:
    """One address of an author; `is_assigned` means that an assignment decides about it."""

    address: str
    is_assigned: bool


@dataclass(frozen=True, slots=True)
class GitAuthor:
    """A member with all their addresses, or an address without a member.

    `id` is the position in the list. Name, login, address and method are those of the last commit; the
    address can be empty. `commits` counts a commit
    once for each role that the author has in it. `projects` are linked to the repositories now.
    """

    id: int
    status: AttributionStatus
    method: Method
    name: str
    username: str | None
    address: str
    emails: Sequence[AuthorEmail]
    user: NamedUser | None
    commits: int
    last_committed_at: datetime | None
    last_recorded_at: datetime
    projects: Sequence[NamedUser]
    suggestions: Sequence[Suggestion] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member, and what can point to them."""

    user: NamedUser
    email: str
    logins: Collection[str]


_MAX_SUGGESTIONS = 3


def suggest_users(
    name: str, address: str, username: str | None, candidates: Sequence[Candidate], co_author_of: UUID | None
) -> list[Suggestion]:
    """Return at most three members who may be the author, the likeliest first. Each member is suggested once.

    `co_author_of` is the member who wrote all recent commits that name the address as co-author.
    """
    wanted_name = name.strip().casefold()
    logins = {text.casefold() for text in (username, address.partition("@")[0].rpartition("+")[2]) if text}
    named = [one for one in candidates if wanted_name and (one.user.name or "").strip().casefold() == wanted_name]
    similar = [one for one in candidates if logins & _list_logins(one)]
    paired = [one for one in candidates if one.user.id == co_author_of]
    found: dict[UUID, Suggestion] = {}
    for members, reason, confidence in (
        (named, SuggestionReason.SAME_NAME, Confidence.HIGH),
        (similar, SuggestionReason.SIMILAR_LOGIN, Confidence.MEDIUM),
        (paired, SuggestionReason.CO_AUTHOR, Confidence.LOW),
    ):
        for member in members:
            likely = confidence if len(members) == 1 else Confidence.LOW
            found.setdefault(member.user.id, Suggestion(member.user, reason, likely))
    return sorted(found.values(), key=lambda suggestion: list(Confidence).index(suggestion.confidence))[
        :_MAX_SUGGESTIONS
    ]


def _list_logins(candidate: Candidate) -> set[str]:
    return {text.casefold() for text in (*candidate.logins, candidate.email.partition("@")[0]) if text}
