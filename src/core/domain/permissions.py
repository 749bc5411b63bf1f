from dataclasses import dataclass
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.organizations import Role


class Action(Enum):
    """What someone may be allowed to do in an organization; the policy knows no other words."""

    READ = "read"
    LINK = "link"
    SYNC = "sync"
    INSTALL = "install"
    DISCONNECT = "disconnect"
    READ_PAYLOAD = "read_payload"
    RETRY = "retry"
    AUDIT = "audit"
    STREAM = "stream"
    ISSUE_TOKEN = "issue_token"  # noqa: S105 - an action, not a password


@dataclass(frozen=True, slots=True)
class Standing:
    """All the facts a decision depends on, so that decisions may be cached on them.

    `role` is the acting person's in this organization (None: not a member, or nobody acts); `outsider` tells
    the first of these from the second; `scopes` are a calling service's (None: no service calls);
    `operator` is the service itself or its command line.
    """

    role: Role | None = None
    scopes: frozenset[str] | None = None
    operator: bool = False
    outsider: bool = False


class ActionForbidden(DomainError):
    """The caller may see this organization, but not do this in it."""

    kind = ErrorKind.PERMISSION_DENIED
    code = "action_forbidden"
