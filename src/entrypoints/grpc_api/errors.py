"""How errors look to gRPC callers: `google.rpc.Status` with details (https://google.aip.dev/193)."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from core.domain.errors import DomainError, ErrorKind
from core.domain.event_streams import EndReason

DOMAIN = "git.crewkit"
"""Whose reasons these are: with the reason, it tells one error from all others."""

STATUS_DETAILS = "grpc-status-details-bin"
"""The trailing metadata in which gRPC looks for a `google.rpc.Status`."""

CODE: Mapping[ErrorKind, StatusCode] = {
    ErrorKind.INVALID_ARGUMENT: StatusCode.INVALID_ARGUMENT,
    ErrorKind.UNAUTHENTICATED: StatusCode.UNAUTHENTICATED,
    ErrorKind.PERMISSION_DENIED: StatusCode.PERMISSION_DENIED,
    ErrorKind.NOT_FOUND: StatusCode.NOT_FOUND,
    ErrorKind.ALREADY_EXISTS: StatusCode.ALREADY_EXISTS,
    ErrorKind.FAILED_PRECONDITION: StatusCode.FAILED_PRECONDITION,
    ErrorKind.ABORTED: StatusCode.ABORTED,
    ErrorKind.OUT_OF_RANGE: StatusCode.OUT_OF_RANGE,
    ErrorKind.RESOURCE_EXHAUSTED: StatusCode.RESOURCE_EXHAUSTED,
    ErrorKind.DEADLINE_EXCEEDED: StatusCode.DEADLINE_EXCEEDED,
    ErrorKind.UNAVAILABLE: StatusCode.UNAVAILABLE,
    ErrorKind.INTERNAL: StatusCode.INTERNAL,
}

ENDED: Mapping[EndReason, tuple[StatusCode, str]] = {
    EndReason.SIGN_IN_EXPIRED: (
        StatusCode.UNAUTHENTICATED,
        "Your token has expired: go on from your last cursor with a new one.",
    ),
    EndReason.ACCESS_ENDED: (StatusCode.PERMISSION_DENIED, "You may not read this any more."),
    EndReason.DRAINING: (StatusCode.UNAVAILABLE, "This server stops: go on from your last cursor."),
    EndReason.FAILED: (StatusCode.UNAVAILABLE, "The stream broke off: go on from your last cursor."),
}
"""How a stream that we end looks to its caller."""

_COME_BACK = frozenset({StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNAVAILABLE})
# Where nobody knows better.
_RETRY_AFTER = 5.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as it goes over the wire: its code, its text for people, and its details for programs."""

    code: StatusCode
    message: str
    reason: str
    details: tuple[Message, ...]

    def status(self) -> bytes:
        """Return what stands in the trailing metadata `STATUS_DETAILS`."""
        number: int = self.code.value[0]
        packed = []
        for detail in self.details:
            held = Any()
            held.Pack(detail)
            packed.append(held)
        status: bytes = Status(code=number, message=self.message, details=packed).SerializeToString()
        return status


def refusal_of(error: DomainError, request_id: str) -> Refusal:
    """Return how callers are told of this error."""
    code, wait = CODE[error.kind], error.retry_after
    details = _always(error.code, request_id)
    if error.fields:
        violations = [
            BadRequest.FieldViolation(field=one.field, description=one.message) for one in error.fields
        ]
        details.append(BadRequest(field_violations=violations))
    if wait is None and code in _COME_BACK:
        wait = _RETRY_AFTER
    if wait is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(max(1, round(wait * 1000)))
        details.append(retry)
    return Refusal(code, error.message, error.code, tuple(details))


def ended(reason: EndReason, request_id: str) -> Refusal:
    """Return how callers are told that their stream is over."""
    code, message = ENDED[reason]
    return Refusal(code, message, reason.value, tuple(_always(reason.value, request_id)))


def too_slow(request_id: str) -> Refusal:
    """Return the refusal of what took longer than we ever take."""
    message, reason = "The answer took too long and was given up.", "request_too_slow"
    return Refusal(StatusCode.DEADLINE_EXCEEDED, message, reason, tuple(_always(reason, request_id)))


def unexpected(request_id: str) -> Refusal:
    """Return the refusal by an error nobody foresaw: its text stays with us."""
    message = "Something went wrong here. Tell support the request id."
    return Refusal(StatusCode.INTERNAL, message, "internal", tuple(_always("internal", request_id)))


def _always(reason: str, request_id: str) -> list[Message]:
    return [ErrorInfo(reason=reason, domain=DOMAIN), RequestInfo(request_id=request_id)]
