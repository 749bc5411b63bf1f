"""What GitHub's refusals mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.failures import Failure, classify_failure, read_message, to_error
from core.domain.errors import ErrorKind
from core.domain.provider_errors import (
    AccountSuspended,
    AddressNotAllowed,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    LoginBlocked,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RepositoryBlocked,
    SingleSignOnRequired,
)

# In GitHub's own words, as people met them.
CASES: dict[str, tuple[int, dict[str, str], str, Failure]] = {
    "dead token": (401, {}, "Bad credentials", Failure.CREDENTIAL),
    "wrong key": (401, {}, "A JSON web token could not be decoded", Failure.CREDENTIAL),
    "fast clock": (401, {}, "'Expiration time' claim ('exp') is too far in the future", Failure.CREDENTIAL),
    "suspended": (403, {}, "This installation has been suspended", Failure.SUSPENDED),
    "suspended, last call of the hour": (
        403,
        {"x-ratelimit-remaining": "0"},
        "This installation has been suspended",
        Failure.SUSPENDED,
    ),
    "suspended person": (403, {}, "Sorry. Your account was suspended.", Failure.ACCOUNT_SUSPENDED),
    "permission": (403, {}, "Resource not accessible by integration", Failure.PERMISSION),
    "permission, last call of the hour": (
        403,
        {"x-ratelimit-remaining": "0"},
        "Resource not accessible by integration",
        Failure.PERMISSION,
    ),
    "permission not granted": (
        422,
        {},
        "The permissions requested are not granted to this installation.",
        Failure.PERMISSION,
    ),
    "repository not covered": (
        422,
        {},
        "There is at least one repository that does not exist or is not accessible to the parent.",
        Failure.NOT_VISIBLE,
    ),
    "single sign-on": (
        403,
        {"x-github-sso": "required; url=https://github.com/orgs/acme/sso"},
        "Resource protected by organization SAML enforcement.",
        Failure.SINGLE_SIGN_ON,
    ),
    "allow list": (
        403,
        {},
        "The `acme` organization has an IP allow list enabled, and your IP address is not permitted.",
        Failure.ADDRESS,
    ),
    "primary limit": (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded", Failure.RATE_LIMITED),
    "secondary limit": (
        403,
        {"x-ratelimit-remaining": "4000"},
        "You have exceeded a secondary rate limit.",
        Failure.RATE_LIMITED,
    ),
    "too many requests": (429, {}, "", Failure.RATE_LIMITED),
    "missing": (404, {}, "Not Found", Failure.NOT_VISIBLE),
    "blocked by law": (451, {}, "Repository access blocked", Failure.BLOCKED),
    "blocked repository": (403, {}, "Repository access blocked", Failure.BLOCKED),
    "too many sign-ins": (
        403,
        {"x-ratelimit-remaining": "0"},
        "Maximum number of login attempts exceeded. Please try again later.",
        Failure.LOGIN_BLOCKED,
    ),
    "single sign-on, last call of the hour": (
        403,
        {"x-github-sso": "required", "x-ratelimit-remaining": "0"},
        "Forbidden",
        Failure.SINGLE_SIGN_ON,
    ),
    "unknown version": (400, {}, "Unsupported API version: 2099-01-01", Failure.MISUNDERSTOOD),
    "ended version": (410, {}, "This API version is no longer supported", Failure.MISUNDERSTOOD),
    "redirect that was not followed": (302, {}, "", Failure.MISUNDERSTOOD),
    "slow": (408, {}, "", Failure.UNAVAILABLE),
    "broken": (502, {}, "Server Error", Failure.UNAVAILABLE),
}


@pytest.mark.parametrize(("status", "headers", "message", "failure"), CASES.values(), ids=CASES.keys())
def test_classifies_each_error(status: int, headers: dict[str, str], message: str, failure: Failure) -> None:
    """By status, headers and text together: a 403 alone can mean six things."""
    assert classify_failure(status, headers, message) is failure


@given(st.integers(500, 599), st.sampled_from([case[2] for case in CASES.values()]))
def test_outage_is_not_an_error_of_an_installation(status: int, message: str) -> None:
    """For any text, it is neither a suspension nor a missing permission nor a deleted installation."""
    assert classify_failure(status, {"x-ratelimit-remaining": "0", "retry-after": "9"}, message) is Failure.UNAVAILABLE


OUR_WORDS = {to_error(failure).message for failure in Failure}


@given(
    st.integers(100, 999),
    st.dictionaries(st.sampled_from(["retry-after", "x-github-sso", "x-ratelimit-remaining"]), st.text()),
    st.text(max_size=80),
)
def test_classifies_every_response(status: int, headers: dict[str, str], message: str) -> None:
    """No response alone means that an installation is gone: that takes a second call."""
    error = to_error(classify_failure(status, headers, message))

    assert not isinstance(error, InstallationGone | CredentialRefused)
    assert error.message in OUR_WORDS


ERRORS = {
    Failure.SUSPENDED: InstallationSuspended,
    Failure.PERMISSION: PermissionMissing,
    Failure.SINGLE_SIGN_ON: SingleSignOnRequired,
    Failure.ADDRESS: AddressNotAllowed,
    Failure.ACCOUNT_SUSPENDED: AccountSuspended,
    Failure.BLOCKED: RepositoryBlocked,
    Failure.LOGIN_BLOCKED: LoginBlocked,
    Failure.NOT_VISIBLE: NotVisible,
    Failure.MISUNDERSTOOD: ProviderUnavailable,
}


@pytest.mark.parametrize(("failure", "error"), ERRORS.items(), ids=str)
def test_final_failures_become_domain_errors(failure: Failure, error: type[Exception]) -> None:
    """Retries and renewals are decided elsewhere."""
    assert type(to_error(failure)) is error


def test_invalid_call_is_not_an_error_of_an_installation() -> None:
    """Lists are still served from stored data."""
    error = to_error(Failure.MISUNDERSTOOD)

    assert error.kind is ErrorKind.UNAVAILABLE
    assert error.retry_after == 300


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Unicorn!</html>", b"[]", b"null", b'{"message": 7}', b'{"message', b"\xff\xfe", b"[" * 100_000],
)
def test_ignores_a_foreign_body(body: bytes) -> None:
    """Load balancers respond with HTML, and streams break off."""
    assert read_message(body) == ""


def test_shortens_a_message() -> None:
    """It becomes part of a log line."""
    assert len(read_message(b'{"message": "' + b"x" * 10_000 + b'"}')) == 300
