from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class ErrorKind(Enum):
    """The closed set of ways a request can fail, named after the canonical gRPC codes.

    Source: https://grpc.io/docs/guides/status-codes/. Each edge maps every kind in one table.
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
    """One invalid field of a request, named as the caller wrote it."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a person continues after a refusal in their own browser flow.

    `return_to` is the path that the flow was started from. `organization_id` is set for a flow that connects
    an organization, and `account` names the provider account that was refused, if the person has proven it.
    """

    return_to: str
    organization_id: UUID | None = None
    account: str | None = None


class DomainError(Exception):
    """The base class of all errors that callers see. Only subclasses are raised.

    Subclasses are defined beside the aggregate they belong to, and set `kind` and `code`. The first line of
    their docstring is the documented text of the code, in OpenAPI and in `docs/reference/error-codes.md`. A
    message must not contain a secret, another tenant's name or a text of a library. `retry_after` is in
    seconds. `way_back` is set only after the caller has proven that they started the browser flow.
    """

    kind: ErrorKind
    code: str

    def __init__(
        self, message: str, *, fields: Sequence[FieldError] = (), retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.way_back: WayBack | None = None


class StorageUnavailable(DomainError):
    """Our own storage does not answer; nothing was changed that a caller was told of.

    `remedy` is what whoever runs the service can do; callers are not told.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "storage_unavailable"

    def __init__(self, message: str, *, retry_after: float | None = None, remedy: str = "") -> None:
        super().__init__(message, retry_after=retry_after)
        self.remedy = remedy


class StorageNotPrepared(StorageUnavailable):
    """Our own storage answers, and has not (yet) what we keep things in."""


class StorageUnwritable(StorageUnavailable):
    """Our own storage answers and stores nothing: its disk is full, or it is read-only."""


class StorageTooSlow(DomainError):
    """Our own storage gave up on this one after several seconds; nothing was changed."""

    kind = ErrorKind.UNAVAILABLE
    code = "storage_too_slow"


class StorageConflict(DomainError):
    """A concurrent change won; the same request may succeed when tried again."""

    kind = ErrorKind.ABORTED
    code = "conflict"
