"""What we know of a provider's objects beyond our own rows, and how a provider refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class App:
    """Our app as the provider knows it."""

    id: str
    slug: str
    client_id: str | None
    name: str
    url: str
    permissions: Mapping[str, str]
    events: frozenset[str]
    settings_url: str | None = None
    """Where its owner changes it."""


_LEVELS = ("", "read", "write", "admin")


def rank_level(level: str) -> int:
    """Return how much a permission's level allows; one that nobody knows, more than all others."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


@dataclass(frozen=True, slots=True)
class AppNeeds:
    """What our app must be granted, and must be told of, for everything we do.

    An account's owners grant `permissions` when they install the app, each person the `personal` ones.
    """

    permissions: Mapping[str, str]
    personal: Mapping[str, str]
    events: frozenset[str]

    @property
    def all_permissions(self) -> Mapping[str, str]:
        """What the app itself must have."""
        return {**self.permissions, **self.personal}

    def is_met_by(self, granted: Mapping[str, str]) -> bool:
        """Tell whether an account's owners granted enough; where nothing is known of it, so it seems."""
        return not granted or all(
            rank_level(granted.get(name, "")) >= rank_level(level) for name, level in self.permissions.items()
        )


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of our app, asked for as the app."""

    provider_id: str
    account_id: AccountId
    account_login: str
    account_type: str
    account_url: str | None
    repository_selection: str
    permissions: Mapping[str, str]
    manage_url: str | None
    suspended_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstallationRequest:
    """Someone asked an account's owner to approve our app."""

    requester_id: ProviderUserId
    account_id: AccountId
    account_login: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """What opens an installation's repositories, for an hour at most."""

    token: Secret
    expires_at: datetime
    permissions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstallationAccess:
    """A token, and the installation it opens: providers count calls by installation, whatever the token."""

    provider_id: str
    token: Secret


@dataclass(frozen=True, slots=True)
class UserTokens:
    """What acts for a person. Times are None where the provider set no end."""

    access_token: Secret
    expires_at: datetime | None
    refresh_token: Secret | None
    refresh_expires_at: datetime | None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """The person a user token speaks for."""

    id: ProviderUserId
    login: str
    name: str | None
    avatar_url: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class RepositoryAdministration:
    """How many of an installation's repositories a person sees, and how many of these they administer.

    Counting ends at the first page with a repository that the person does not administer: `administered` is
    then smaller than `total`, and both leave out the later pages. While the count is not complete, `total` is
    the number that the provider reports, and the person administers all repositories that were read.
    """

    total: int
    administered: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class VisibleInstallation:
    """An installation that a person sees, and its account."""

    provider_id: str
    account_id: AccountId
    account_login: str


@dataclass(frozen=True, slots=True)
class VisibleInstallations:
    """The installations of our app that a person sees.

    If `hides_accounts` is true, there may be more, on accounts that require single sign-on first.
    """

    installations: tuple[VisibleInstallation, ...]
    hides_accounts: bool = False


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """One page of an installation's repositories; `total` counts all pages.

    `whole` is False on a last page after a list that changed while it was read, or whose counts disagree:
    a repository's absence then proves nothing.
    """

    total: int
    repositories: tuple[RepositoryFacts, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and the commit it points at; `protected` is None where the provider did not say."""

    name: str
    sha: str
    protected: bool | None


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One attempt in the provider's own log of deliveries; `guid` is our delivery id.

    `answer` is what came of it in the provider's words, `status_code` the answer of ours it got, if any.
    """

    id: int
    guid: str
    delivered_at: datetime
    event_type: str
    action: str | None
    source_key: str | None
    repo_id: RepoId | None
    succeeded: bool
    answer: str = ""
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where the provider sends deliveries: nowhere if there is no URL."""

    url: str
    content_type: str
    verifies_certificate: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; where it cannot, the feature is off and says so."""

    installation_requests: bool
    delivery_log: bool
    user_emails: bool


class ProviderUnavailable(DomainError):
    """The provider does not respond, has a server error, or rejects this service's request as invalid.

    Try again later. If the error remains, an operator must update this service.
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

    Its id, private key, client secret or callback URL is not valid, the provider suspended the app, or the
    clock of this service is wrong. An operator must run `crewkit-git doctor`. Try again later.
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
