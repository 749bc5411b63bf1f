"""The errors that a provider's API can cause."""

from datetime import datetime

from core.domain.errors import DomainError, ErrorKind


class ProviderUnavailable(DomainError):
    """The provider does not respond, has a server error, or rejects this service's request as invalid.

    Try again later. If the error remains although the provider works, an operator must check this service's outgoing
    connections. If the message says that the request is invalid, an operator must update this service.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "provider_unavailable"


class AnswerUnreadable(ProviderUnavailable):
    """The provider's response could not be read.

    Try again later. If the error remains, an operator must check for a proxy that changes responses.
    """

    kind = ErrorKind.INTERNAL
    code = "provider_answer_unreadable"


class RateLimited(DomainError):
    """The provider's rate limit is exhausted. Try again after the delay in the response."""

    kind = ErrorKind.UNAVAILABLE
    code = "provider_rate_limited"

    def __init__(self, until: datetime, *, retry_after: float) -> None:
        super().__init__("The provider's rate limit is exhausted. Try again later.", retry_after=retry_after)
        self.until = until


class InstallationSuspended(DomainError):
    """The installation is suspended at the provider.

    Ask an owner of the account to unsuspend it there.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "installation_suspended"


class InstallationGone(DomainError):
    """The installation of the app does not exist at the provider. Install the app again."""

    kind = ErrorKind.FAILED_PRECONDITION
    code = "installation_gone"


class PermissionMissing(DomainError):
    """The installation does not have the permission that this request needs.

    Ask an owner of the account to grant the permission at the provider.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "provider_permission_missing"


class AccessBlocked(DomainError):
    """The provider blocks access to the account or the repository, for a reason that no other code names.

    Try again later, or ask an owner of the account to allow the access.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "provider_access_blocked"


class SingleSignOnRequired(AccessBlocked):
    """The account at the provider requires single sign-on.

    Sign in to the account at the provider with single sign-on, then try again.
    """

    # `url` is the provider's sign-in page, if it is known.
    code = "provider_sso_required"

    def __init__(self, message: str, *, url: str | None = None) -> None:
        super().__init__(message)
        self.url = url


class AddressNotAllowed(AccessBlocked):
    """The account's IP allow list at the provider blocks this service.

    Ask an owner of the account to add this service's addresses.
    """

    code = "provider_ip_not_allowed"


class AccountSuspended(AccessBlocked):
    """The provider suspended the account. Contact the provider's support."""

    code = "provider_account_suspended"


class RepositoryBlocked(AccessBlocked):
    """The provider blocks access to a repository.

    Open the repository's page at the provider to see the reason.
    """

    code = "provider_repository_blocked"


class LoginBlocked(AccessBlocked):
    """The provider temporarily rejects this service's requests, after too many with wrong credentials.

    Try again later.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "provider_login_blocked"


class EmailUnverified(AccessBlocked):
    """The user has no verified email address at the provider.

    Verify an email address there, then try again.
    """

    code = "provider_email_unverified"


class CredentialRefused(DomainError):
    """The provider rejected a code or token: it is expired, revoked, already used or not valid.

    Try again. If the error remains, connect the account or the organization again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "provider_credential_refused"


class AppRefused(CredentialRefused):
    """The provider rejected this service's app.

    Its id, private key, client secret or callback URL is not valid, the provider suspended the app, or the clock of
    this service is wrong. An operator must run `crewkit-git doctor`. Try again later.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "provider_app_refused"


class NotVisible(DomainError):
    """The provider does not return the requested object.

    Check that the object exists, and that the app and the user's account have access to it at the provider.
    """

    kind = ErrorKind.NOT_FOUND
    code = "not_visible_on_provider"


class ProviderUnknown(DomainError):
    """This service does not support this provider. Use a supported provider, such as `github`."""

    kind = ErrorKind.NOT_FOUND
    code = "provider_unknown"
