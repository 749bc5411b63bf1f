from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """The response of an operation. A body of None is sent as an empty body."""

    body: object = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error response of the API."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        body: dict[str, object] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status.value)}
        if errors is not None:
            body["errors"] = errors
        if url is not None:
            body["url"] = url
        self.answer = ApiResponse(body, status, headers or {})


def not_found() -> Refusal:
    """Return the error for an object that does not exist or is not visible."""
    return Refusal(HTTPStatus.NOT_FOUND, "Not Found")


def not_implemented(method: str, path: str) -> Refusal:
    """Return the error for an operation that the sandbox lacks. 404 would look like a missing object."""
    message = f"The sandbox does not implement {method} {path}. docs/sandbox.md lists its operations."
    return Refusal(HTTPStatus.NOT_IMPLEMENTED, message)


def bad_credentials() -> Refusal:
    """Return the error for an invalid, revoked or expired credential."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "Bad credentials")


def not_accessible(*needed: str) -> Refusal:
    """Return the error for missing permissions."""
    headers = {"X-Accepted-GitHub-Permissions": "; ".join(needed)} if needed else {}
    return Refusal(HTTPStatus.FORBIDDEN, "Resource not accessible by integration", headers=headers)


def installation_suspended() -> Refusal:
    """Return the error for a suspended installation."""
    return Refusal(HTTPStatus.FORBIDDEN, "This installation has been suspended")


def unprocessable(message: str, **error: str) -> Refusal:
    """Return the error for a well-formed request with invalid values."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[error] if error else None)
