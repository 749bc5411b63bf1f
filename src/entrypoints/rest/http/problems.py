"""Error responses of REST: `application/problem+json` (https://www.rfc-editor.org/rfc/rfc9457)."""

import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ExceptionHandler, Scope

from core.domain.errors import DomainError, ErrorKind, FieldError
from core.domain.idempotency import IdempotencyKeyReused
from entrypoints.edge.calls import INTERNAL, TOO_SLOW, retry_seconds
from entrypoints.rest.http.requests import request_id_of

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[ErrorKind, HTTPStatus] = {
    ErrorKind.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    # Not 412, which is for conditional requests. These errors are conflicts with the current state.
    ErrorKind.FAILED_PRECONDITION: HTTPStatus.CONFLICT,
    ErrorKind.ABORTED: HTTPStatus.CONFLICT,
    ErrorKind.OUT_OF_RANGE: HTTPStatus.GONE,
    ErrorKind.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# The draft of the IETF for idempotency keys requires another status:
# https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header#section-2.7
_STATUS_OF_CODE: Mapping[str, HTTPStatus] = {IdempotencyKeyReused.code: HTTPStatus.UNPROCESSABLE_ENTITY}

HTTP_ERRORS: Mapping[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: (
        "request_malformed",
        (
            "The request is not valid HTTP, or its URL or headers contain invalid characters. Remove "
            "control characters and percent-encode the URL as UTF-8."
        ),
    ),
    HTTPStatus.NOT_FOUND: (
        "not_found",
        "This path does not exist, or an id in it that must be a UUID is not one. Check the URL.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "This path does not support the method. Use a method listed in the `Allow` header.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: ("body_too_slow", "The request body did not arrive in time. Send the request again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "body_too_large",
        "The request body is larger than this endpoint accepts. Send a smaller body.",
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: ("uri_too_long", "The URL is too long. Send at most 8 KB of path and query."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "unsupported_media_type",
        "This endpoint does not support the content type. Send `application/json`, or a type that the operation lists.",
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "headers_too_large",
        "The request headers are too large. Send at most 32 KB.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL,
    HTTPStatus.GATEWAY_TIMEOUT: TOO_SLOW,
}
"""The errors that every operation can return: code and meaning."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of an error response (RFC 9457). `code` is stable. `title` is the HTTP status phrase."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()


def describe_problem(
    status: HTTPStatus, code: str, detail: str, request_id: str, errors: tuple[FieldError, ...] = ()
) -> Problem:
    """Return the body of an error response."""
    return Problem(
        type=f"urn:problem-type:crewkit:{code}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        code=code,
        request_id=request_id,
        errors=errors,
    )


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error response."""
    body = describe_problem(status, code, detail, request_id, errors)
    return Response(msgspec.json.encode(body), status.value, headers, MEDIA_TYPE)


def status_of(error: DomainError | type[DomainError]) -> HTTPStatus:
    """Return the status of an error."""
    return _STATUS_OF_CODE.get(error.code, STATUS[error.kind])


def problem_of(error: DomainError, request_id: str) -> Response:
    """Return the response for an error."""
    return problem(
        status_of(error), error.code, error.message, request_id, errors=error.fields, headers=headers_of(error)
    )


def problem_of_http(error: HTTPException, request_id: str) -> Response:
    """Return the response for an error of HTTP."""
    status = HTTPStatus(error.status_code)
    code, text = HTTP_ERRORS.get(status, (f"http_{status.value}", status.description or status.phrase))
    # The framework's default detail is the phrase.
    detail = text if error.detail == status.phrase else error.detail
    return problem(status, code, detail, request_id, headers=error.headers)


def headers_of(error: DomainError) -> dict[str, str]:
    """Return the headers of a response for an error, also of a page."""
    headers = {}
    seconds = retry_seconds(error)
    if seconds is not None:
        headers["retry-after"] = str(max(1, math.ceil(seconds)))
    if error.kind is ErrorKind.UNAUTHENTICATED:
        # Each 401 names a scheme: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2.
        headers["www-authenticate"] = 'Bearer realm="crewkit"'
    return headers


def internal_error(request_id: str) -> Response:
    """Return the response for an unexpected error. It does not contain the error's text."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, *INTERNAL, request_id)


async def _handle_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    request.scope["error"] = error
    return problem_of(error, request_id_of(request.scope))


async def _handle_http_error(request: Request, error: Exception) -> Response:
    """Return the problem for an error of the framework, such as an unknown path or method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _methods_of_path(request.scope)}
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        detail = f"This path supports {headers['Allow']} only. Use one of these methods."
        error = HTTPException(error.status_code, detail, headers)
    return problem_of_http(error, request_id_of(request.scope))


async def _handle_unexpected_error(request: Request, _error: Exception) -> Response:
    """Return the response. The framework raises the error again, and `Envelope` logs it."""
    return internal_error(request_id_of(request.scope))


def _methods_of_path(scope: Scope) -> str:
    """Return the methods of all routes with this path. The framework returns those of the first route only."""
    routes = [route for entry in scope["app"].routes for route in getattr(entry, "routes", [entry])]
    matching = (
        route.methods or set()
        for route in routes
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
    )
    return ", ".join(sorted({"OPTIONS"}.union(*matching)))


EXCEPTION_HANDLERS: Mapping[type[Exception], ExceptionHandler] = {
    DomainError: _handle_domain_error,
    HTTPException: _handle_http_error,
    Exception: _handle_unexpected_error,
}
