from dataclasses import dataclass
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.organizations import Role


class Action(Enum):
    """What a caller may be allowed to do, in an organization or with their own accounts."""

    READ = "read"
    LINK = "link"
    SYNC = "sync"
    INSTALL = "install"
    DISCONNECT = "disconnect"
    READ_PAYLOAD = "read_payload"
    RETRY = "retry"
    AUDIT = "audit"
    ASSIGN = "assign"
    STREAM = "stream"
    ISSUE_TOKEN = "issue_token"  # noqa: S105 - an action, not a password
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - an action, not a password
    SEE_CONNECTION = "see_connection"
    CONNECT = "connect"
    END_CONNECTION = "end_connection"


# The scopes that crewkit may give a service; the policy says what each of them allows.
SCOPES = frozenset({"git.admin", "git.events", "git.link", "git.read", "git.tokens"})


@dataclass(frozen=True, slots=True)
class AccessContext:
    """The facts that a decision depends on, so that decisions can be cached.

    `role` is the user's role in the organization; None without a user or membership. `outsider` means that a user
    without a membership acts. `scopes` are those of a calling service, or None. `operator` is this service itself or
    its command line. `own` means that the action is about the user's own accounts at providers, and not about an
    organization.
    """

    role: Role | None = None
    scopes: frozenset[str] | None = None
    operator: bool = False
    outsider: bool = False
    own: bool = False


class ActionForbidden(DomainError):
    """The caller's role or scopes do not allow this action.

    For a user, ask an owner or admin of the organization. For a service, use a token with the required scope, if the
    operation accepts services.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "action_forbidden"
