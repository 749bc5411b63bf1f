from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class ErrorKind(Enum):
    """The closed set of error kinds, named after the canonical gRPC codes.

    Source: https://grpc.io/docs/guides/status-codes/. REST and gRPC each map every kind in one table.
    """

    INVALID_ARGUMENT = "invalid_argument"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    FAILED_PRECONDITION = "failed_precondition"
    ABORTED = "aborted"
    OUT_OF_RANGE = "out_of_range"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field of the request, with the name that the caller used."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a user continues after an error in their own browser flow.

    `return_to` is the path that the flow was started from. `organization_id` is set for a flow that connects an
    organization, and `account` names the provider account that was rejected, if the user has proven it.
    """

    return_to: str
    organization_id: UUID | None = None
    account: str | None = None


class DomainError(Exception):
    """The base class of all errors that callers see. Only subclasses are raised.

    Subclasses are defined beside the aggregate they belong to, and set `kind` and `code`. Their docstring is the
    documented text of the code, in OpenAPI and in `docs/reference/error-codes.md`: what happened, and what the reader
    can do. A message must not contain a secret, another tenant's name or a text of a library. `retry_after` is in
    seconds. `way_back` is set only after the caller has proven that they started the browser flow.
    """

    kind: ErrorKind
    code: str

    def __init__(self, message: str, *, fields: Sequence[FieldError] = (), retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.way_back: WayBack | None = None

    @classmethod
    def documentation(cls) -> str:
        """Return the class's own docstring in one line, empty if it has none."""
        return " ".join((vars(cls)["__doc__"] or "").split())


class StorageUnavailable(DomainError):
    """The database is unavailable, so this service cannot confirm that the request was completed.

    Try again later, with the same idempotency key if the request has one.
    """

    # `remedy` is for operators. Callers do not see it.
    kind = ErrorKind.UNAVAILABLE
    code = "storage_unavailable"

    def __init__(self, message: str, *, retry_after: float | None = None, remedy: str = "") -> None:
        super().__init__(message, retry_after=retry_after)
        self.remedy = remedy


class StorageNotPrepared(StorageUnavailable):
    """The database is available, but its tables are missing or out of date. Try again later."""


class StorageUnwritable(StorageUnavailable):
    """The database is available, but cannot store changes: its disk is full, or it is read-only.

    Try again later.
    """


class StorageTooSlow(DomainError):
    """The database did not finish the request within its time limit. Nothing was changed. Try again later."""

    kind = ErrorKind.UNAVAILABLE
    code = "storage_too_slow"


class StorageConflict(DomainError):
    """The request conflicts with a concurrent change. Load the current state, then send the request again."""

    kind = ErrorKind.ABORTED
    code = "conflict"
