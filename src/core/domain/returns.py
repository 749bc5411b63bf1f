"""With what a browser comes back from the provider's pages: anyone can write any of it into a URL."""

from dataclasses import dataclass
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.secret import Secret


class SetupAction(Enum):
    """What was done on the provider's page, as it says."""

    INSTALL = "install"
    UPDATE = "update"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Return:
    """What came with the browser; all of it may be missing, and is a claim until proven.

    https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
    """

    state: str | None = None
    code: Secret | None = None
    installation_id: str | None = None
    setup_action: SetupAction | None = None
    error: str | None = None


class AuthorizationDenied(DomainError):
    """The person did not authorize our app at the provider; nothing was changed."""

    kind = ErrorKind.FAILED_PRECONDITION
    code = "authorization_denied"


class CodeMissing(DomainError):
    """The browser came back without the code that shows who it is; start again."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "authorization_code_missing"


class ApprovalNotFound(DomainError):
    """The provider knows of no request of this person's that waits for an owner's approval; ask again."""

    kind = ErrorKind.FAILED_PRECONDITION
    code = "approval_request_not_found"


class ChoiceInvalid(DomainError):
    """The installation chosen is none of those offered; go back and choose one of them."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "installation_choice_invalid"
