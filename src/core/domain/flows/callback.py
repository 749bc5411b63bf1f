"""The parameters with which a browser returns from the provider. Anyone can create such a URL."""

from dataclasses import dataclass
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.provider_errors import AppRefused
from core.domain.secret import Secret


class SetupAction(Enum):
    """What the user did on the provider's page, according to the URL."""

    INSTALL = "install"
    UPDATE = "update"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Callback:
    """The parameters of the URL. Each can be missing, and each is a claim until it is proven.

    https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
    """

    state: str | None = None
    code: Secret | None = None
    installation_id: str | None = None
    setup_action: SetupAction | None = None
    error: str | None = None

    def require_no_error(self) -> None:
        """Raise `AuthorizationDenied` if the user did not authorize the app, `AppRefused` for any other error.

        https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors
        """
        if self.error == "access_denied":
            raise AuthorizationDenied(
                "You did not authorize crewkit at the provider, so nothing was connected. Start again to connect."
            )
        if self.error is not None:
            raise AppRefused(
                "The provider rejected the authorization request of this service's app. Contact your crewkit operator."
            )


class AuthorizationDenied(DomainError):
    """The user did not authorize the app at the provider. Nothing was changed.

    Start the browser flow again and authorize the app.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "authorization_denied"


class CodeMissing(DomainError):
    """The provider sent the browser back without an authorization code. Start the browser flow again."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "authorization_code_missing"


class ApprovalNotFound(DomainError):
    """The signed-in account at the provider has no open request for an owner's approval of the app.

    Request the app again on the provider's page, signed in there with this account.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "approval_request_not_found"


class ChoiceInvalid(DomainError):
    """The chosen installation or approval request is not one of the options.

    Go back and choose one of the listed options.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "installation_choice_invalid"
