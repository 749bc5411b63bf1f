"""What REST and gRPC report in the same words: shared errors, and the delay before the next attempt."""

from core.domain.errors import DomainError, ErrorKind

INTERNAL = ("internal", "An unexpected error occurred. Contact support with the request id.")
TOO_SLOW = (
    "request_too_slow",
    ("The request took too long and was aborted. It may still have been completed: check before you send it again."),
)

_DEFAULT_RETRY_SECONDS = 5.0
_RETRIABLE = frozenset({ErrorKind.RESOURCE_EXHAUSTED, ErrorKind.UNAVAILABLE})


def retry_seconds(error: DomainError) -> float | None:
    """Return how long the caller should wait before the next attempt; None if waiting does not help."""
    if error.retry_after is None and error.kind in _RETRIABLE:
        return _DEFAULT_RETRY_SECONDS
    return error.retry_after
