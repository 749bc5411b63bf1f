"""How errors look to gRPC callers: `google.rpc.Status` with details (https://google.aip.dev/193)."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from core.domain.errors import DomainError, ErrorKind
from core.domain.streams.stream import EndReason
from entrypoints.edge.calls import INTERNAL, TOO_SLOW, retry_seconds

DOMAIN = "git.crewkit"
"""The `ErrorInfo.domain` of this service. Domain and reason together identify an error."""

STATUS_DETAILS = "grpc-status-details-bin"
"""The trailing metadata key of a serialized `google.rpc.Status`."""

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
        "The token has expired. Reconnect with a new token and your last cursor.",
    ),
    EndReason.ACCESS_ENDED: (
        StatusCode.PERMISSION_DENIED,
        "You no longer have permission to read these events. Check your role and scopes.",
    ),
    EndReason.DRAINING: (StatusCode.UNAVAILABLE, "The server is shutting down. Reconnect with your last cursor."),
    EndReason.FAILED: (StatusCode.UNAVAILABLE, "The stream failed on the server. Reconnect with your last cursor."),
}
"""Status code and message for each reason why the server ends a stream."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as sent to the caller: status code, message, and machine-readable reason and details."""

    code: StatusCode
    message: str
    reason: str
    details: tuple[Message, ...]

    def status(self) -> bytes:
        """Return the value of the trailing metadata `STATUS_DETAILS`."""
        number: int = self.code.value[0]
        packed = []
        for detail in self.details:
            message = Any()
            message.Pack(detail)
            packed.append(message)
        status: bytes = Status(code=number, message=self.message, details=packed).SerializeToString()
        return status


def to_grpc_error(error: DomainError, request_id: str) -> Refusal:
    """Return the gRPC error for a domain error."""
    code, wait = CODE[error.kind], retry_seconds(error)
    details = _always(error.code, request_id)
    if error.fields:
        violations = [
            BadRequest.FieldViolation(field=invalid.field, description=invalid.message) for invalid in error.fields
        ]
        details.append(BadRequest(field_violations=violations))
    if wait is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(max(1, round(wait * 1000)))
        details.append(retry)
    return Refusal(code, error.message, error.code, tuple(details))


def stream_ended_error(reason: EndReason, request_id: str) -> Refusal:
    """Return the gRPC error that ends a stream."""
    code, message = ENDED[reason]
    return Refusal(code, message, reason.value, tuple(_always(reason.value, request_id)))


def timeout_error(request_id: str) -> Refusal:
    """Return the error for a call that exceeded the server's time limit."""
    reason, message = TOO_SLOW
    return Refusal(StatusCode.DEADLINE_EXCEEDED, message, reason, tuple(_always(reason, request_id)))


def internal_error(request_id: str) -> Refusal:
    """Return the error for an unexpected exception. The exception's text is not sent to the caller."""
    reason, message = INTERNAL
    return Refusal(StatusCode.INTERNAL, message, reason, tuple(_always(reason, request_id)))


def _always(reason: str, request_id: str) -> list[Message]:
    return [ErrorInfo(reason=reason, domain=DOMAIN), RequestInfo(request_id=request_id)]
