"""What calls of REST and gRPC share: credentials, request ids and errors."""

import re
from collections.abc import Sequence
from secrets import token_hex
from uuid import UUID

from core.domain.actors import ActingUserRefused, TokenRefused
from core.domain.errors import DomainError, ErrorKind

DEFAULT_PROVIDER = "github"
"""The provider of a link request that names none."""

INTERNAL = ("internal", "An unexpected error occurred. Contact support with the request id.")
TOO_SLOW = (
    "request_too_slow",
    "The request took too long and was aborted. It may still have been completed: check before you send it again.",
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# A caller can send an id, to find a request in its logs and in the logs of this service. An id
# with other characters could forge a log line, and a long id could fill the log.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")
_DEFAULT_RETRY_SECONDS = 5.0
_RETRIABLE = frozenset({ErrorKind.RESOURCE_EXHAUSTED, ErrorKind.UNAVAILABLE})


class QueryInvalid(DomainError):
    """A parameter of the request is unknown, repeated or not valid.

    Correct the parameters that the error lists.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "query_invalid"


def parse_bearer_token(headers: Sequence[str]) -> str:
    """Return the token of the values of `Authorization`; raises `TokenRefused`."""
    if not headers:
        raise TokenRefused("missing")
    scheme, _, token = headers[0].partition(" ")
    # With two values, a proxy may have checked the other one.
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("not_bearer")
    return token.strip()


def parse_acting_user(headers: Sequence[str], *, name: str) -> UUID | None:
    """Return the user that a service acts for, None without a header.

    Raises `ActingUserRefused` for any other value. The error contains the `name` of the header.
    """
    if not headers:
        return None
    if len(headers) > 1 or not _UUID.fullmatch(headers[0]):
        raise ActingUserRefused(f"The acting user is not valid. Send one user id, as a UUID, in {name}.")
    return UUID(headers[0])


def parse_request_id(value: bytes) -> str | None:
    """Return the id that a caller sent; None if it is not valid."""
    return value.decode() if _REQUEST_ID.fullmatch(value) else None


def new_request_id() -> str:
    """Return a new id for a request without a valid id."""
    return token_hex(16)


def retry_seconds(error: DomainError) -> float | None:
    """Return how long the caller should wait before the next attempt; None if waiting does not help."""
    if error.retry_after is None and error.kind in _RETRIABLE:
        return _DEFAULT_RETRY_SECONDS
    return error.retry_after
