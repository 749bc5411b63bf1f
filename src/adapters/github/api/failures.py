"""Errors of calls, classified by status, headers and message of the response.

A 403 alone can be a permission, a suspension, a rate limit, single sign-on or a list of allowed addresses.
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus

import msgspec

from adapters.github.api.rate_limits import is_rate_limited
from core.domain.errors import DomainError
from core.domain.provider_errors import (
    AccountSuspended,
    AddressNotAllowed,
    AnswerUnreadable,
    InstallationSuspended,
    LoginBlocked,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RepositoryBlocked,
    SingleSignOnRequired,
)

_LONGEST_MESSAGE = 300

# Only a new version of this service helps.
_MISUNDERSTOOD_SECONDS = 300.0
# GitHub does not say how long the block lasts; each attempt during the block may lengthen it.
_LOGIN_BLOCK_SECONDS = 900.0


class Failure(Enum):
    """The kinds of error responses. `MISUNDERSTOOD` is a mistake of this service."""

    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    CREDENTIAL = "credential"
    SUSPENDED = "suspended"
    PERMISSION = "permission"
    SINGLE_SIGN_ON = "single_sign_on"
    ADDRESS = "address"
    ACCOUNT_SUSPENDED = "account_suspended"
    BLOCKED = "blocked"
    LOGIN_BLOCKED = "login_blocked"
    NOT_VISIBLE = "not_visible"
    MISUNDERSTOOD = "misunderstood"


class _Problem(msgspec.Struct):
    message: str = ""


_decode_problem = msgspec.json.Decoder(_Problem).decode


def classify_failure(status: int, headers: Mapping[str, str], message: str) -> Failure:
    """Classify an error response. Header names must be lower case, or `headers` case-insensitive."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure.UNAVAILABLE
    lower_message = message.lower()
    match status:
        case HTTPStatus.REQUEST_TIMEOUT:
            return Failure.UNAVAILABLE
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Failure.RATE_LIMITED
        case HTTPStatus.UNAUTHORIZED:
            return Failure.CREDENTIAL
        case HTTPStatus.FORBIDDEN:
            return _classify_forbidden(headers, lower_message)
        case HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            return Failure.BLOCKED
        case HTTPStatus.NOT_FOUND:
            return Failure.NOT_VISIBLE
        # An object in the request is missing, or a permission is not granted:
        # "The permissions requested are not granted to this installation."
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return Failure.PERMISSION if "permission" in lower_message else Failure.NOT_VISIBLE
        case _:
            return Failure.MISUNDERSTOOD


def read_message(body: bytes) -> str:
    """Return the error message of a response, shortened, or an empty text if it has no message."""
    try:
        return _decode_problem(body).message[:_LONGEST_MESSAGE]
    except (msgspec.DecodeError, RecursionError):
        return ""


def to_error(failure: Failure, headers: Mapping[str, str] | None = None) -> DomainError:
    """Return the error of a failure for which a retry does not help."""
    match failure:
        case Failure.SUSPENDED:
            return InstallationSuspended(
                "The installation is suspended on GitHub. An owner of the account can unsuspend it there."
            )
        case Failure.PERMISSION:
            return PermissionMissing(
                "The app does not have the required permission on GitHub. Ask an owner of the account to grant it."
            )
        case Failure.SINGLE_SIGN_ON:
            return SingleSignOnRequired(
                "The organization requires SAML single sign-on. Sign in to it on GitHub, then try again.",
                url=_parse_sign_on_url((headers or {}).get("x-github-sso", "")),
            )
        case Failure.ADDRESS:
            return AddressNotAllowed(
                "The organization's IP allow list on GitHub blocks crewkit. Ask one of its owners to add "
                "crewkit's addresses to the list, then try again."
            )
        case Failure.ACCOUNT_SUSPENDED:
            return AccountSuspended("GitHub suspended this account. Contact GitHub Support, then try again.")
        case Failure.BLOCKED:
            return RepositoryBlocked(
                "GitHub blocks access to this repository. Open its page on GitHub to see the reason."
            )
        case Failure.LOGIN_BLOCKED:
            return LoginBlocked(
                "GitHub temporarily rejects requests after too many with wrong credentials. Try again later.",
                retry_after=_LOGIN_BLOCK_SECONDS,
            )
        case Failure.NOT_VISIBLE:
            return NotVisible(
                "GitHub does not return this object. Check that it exists and that the app has access to it."
            )
        case _:
            return ProviderUnavailable(
                "GitHub rejected the request as invalid. Try again later. If this continues, update crewkit-git.",
                retry_after=_MISUNDERSTOOD_SECONDS,
            )


def _parse_sign_on_url(header: str) -> str | None:
    """Return the sign-in URL of the `X-GitHub-SSO` header, or None if it is not a web URL.

    `X-GitHub-SSO: required; url=https://github.com/orgs/octodocs-test/sso?authorization_request=…`
    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    kind, _, rest = header.partition(";")
    url = rest.strip().removeprefix("url=").strip()
    is_web_url = kind.strip() == "required" and url.startswith(("https://", "http://")) and url.isprintable()
    return url if is_web_url and url.isascii() else None


def _classify_forbidden(headers: Mapping[str, str], message: str) -> Failure:
    # Messages before headers: the last call of an hour can fail for another reason with no call remaining.
    if "installation" in message and "suspended" in message:
        return Failure.SUSPENDED
    if "account was suspended" in message:
        return Failure.ACCOUNT_SUSPENDED
    if "login attempts exceeded" in message:
        return Failure.LOGIN_BLOCKED
    if "access blocked" in message:
        return Failure.BLOCKED
    if "x-github-sso" in headers or "saml" in message:
        return Failure.SINGLE_SIGN_ON
    if "ip allow list" in message:
        return Failure.ADDRESS
    if "not accessible by" in message:
        return Failure.PERMISSION
    if is_rate_limited(HTTPStatus.FORBIDDEN, headers, message):
        return Failure.RATE_LIMITED
    return Failure.PERMISSION


_TRY_AGAIN_SECONDS = 10.0


class Unavailable(ProviderUnavailable):
    """GitHub did not respond. `reason` is for logs; `requested_wait` is GitHub's `Retry-After` in seconds."""

    def __init__(self, reason: str, *, requested_wait: float | None = None) -> None:
        super().__init__(
            "GitHub does not respond. Try again later.",
            retry_after=_TRY_AGAIN_SECONDS if requested_wait is None else requested_wait,
        )
        self.reason = reason
        self.requested_wait = requested_wait


class Undecodable(AnswerUnreadable):
    """GitHub's response cannot be decoded. `reason` is for logs. It does not count as an outage."""

    requested_wait = None

    def __init__(self, reason: str) -> None:
        super().__init__(
            "GitHub's response could not be read. Try again later. If this continues, check for a proxy that "
            "changes responses, or update crewkit-git.",
            retry_after=_TRY_AGAIN_SECONDS,
        )
        self.reason = reason


class BreakerOpen(Unavailable):
    """The circuit breaker is open, so no request was sent."""
