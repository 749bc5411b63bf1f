"""How errors look to REST callers: `application/problem+json` (https://www.rfc-editor.org/rfc/rfc9457)."""

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
from entrypoints.edge.errors import INTERNAL, TOO_SLOW, retry_seconds
from entrypoints.rest.http.request_ids import request_id_of

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[ErrorKind, HTTPStatus] = {
    ErrorKind.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    # 412 would promise a conditional request's headers; what is meant is a conflict with the present state.
    ErrorKind.FAILED_PRECONDITION: HTTPStatus.CONFLICT,
    ErrorKind.ABORTED: HTTPStatus.CONFLICT,
    ErrorKind.OUT_OF_RANGE: HTTPStatus.GONE,
    ErrorKind.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# Understood and well formed, and yet not to be done: what clients that send keys expect to hear.
# https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header#section-2.7
_OTHERWISE: Mapping[str, HTTPStatus] = {IdempotencyKeyReused.code: HTTPStatus.UNPROCESSABLE_ENTITY}

OF_HTTP: Mapping[HTTPStatus, tuple[str, str]] = {
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
        (
            "This endpoint does not support the content type. Send `application/json`, or a type "
            "that the operation lists."
        ),
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "headers_too_large",
        "The request headers are too large. Send at most 32 KB.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL,
    HTTPStatus.GATEWAY_TIMEOUT: TOO_SLOW,
}
"""What HTTP alone refuses, or what fails in any operation: code and meaning."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of an error response (RFC 9457). `code` is stable. `title` is the HTTP status phrase."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()


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
    body = Problem(
        type=f"urn:problem-type:crewkit:{code}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        code=code,
        request_id=request_id,
        errors=errors,
    )
    return Response(msgspec.json.encode(body), status.value, headers, MEDIA_TYPE)


def status_of(error: DomainError | type[DomainError]) -> HTTPStatus:
    """Return the status of this refusal."""
    return _OTHERWISE.get(error.code, STATUS[error.kind])


def problem_of(error: DomainError, request_id: str) -> Response:
    """Return the response that tells a caller of this error."""
    return problem(
        status_of(error), error.code, error.message, request_id, errors=error.fields, headers=headers_of(error)
    )


def headers_of(error: DomainError) -> dict[str, str]:
    """Return the headers that go with this error, in whichever form it is told."""
    headers = {}
    wait = retry_seconds(error)
    if wait is not None:
        headers["retry-after"] = str(max(1, math.ceil(wait)))
    if error.kind is ErrorKind.UNAUTHENTICATED:
        # Every 401 names a scheme: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2.
        headers["www-authenticate"] = 'Bearer realm="crewkit"'
    return headers


def unexpected(request_id: str) -> Response:
    """Return the response to an error nobody foresaw: its text stays with us."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, *INTERNAL, request_id)


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # registered for nothing else
    request.scope["refusal"] = error
    return problem_of(error, request_id_of(request.scope))


async def _http_error(request: Request, error: Exception) -> Response:
    """Tell in our form what the framework refuses: no such path, or no such method there."""
    assert isinstance(error, HTTPException)  # registered for nothing else
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED and request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": _allowed_methods(request.scope)})
    said = error.detail != status.phrase
    documented = OF_HTTP[status][1] if status in OF_HTTP else status.description or status.phrase
    detail = error.detail if said else documented
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed_methods(request.scope)
        detail = f"This path supports {headers['Allow']} only. Use one of these methods."
    code = OF_HTTP[status][0] if status in OF_HTTP else f"http_{status.value}"
    return problem(status, code, detail, request_id_of(request.scope), headers=headers)


async def _unexpected_error(request: Request, _error: Exception) -> Response:
    """Answer; the framework raises the error again, so that whoever stands outside logs it."""
    return unexpected(request_id_of(request.scope))


def _allowed_methods(scope: Scope) -> str:
    """List the methods of all routes with this path; the framework knows those of the first one only."""
    matching = (
        route.methods or set()
        for route in scope["app"].routes
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
    )
    return ", ".join(sorted({"OPTIONS"}.union(*matching)))


EXCEPTION_HANDLERS: Mapping[type[Exception], ExceptionHandler] = {
    DomainError: _domain_error,
    HTTPException: _http_error,
    Exception: _unexpected_error,
}
