from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers; without a body nothing is sent."""

    body: object = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """GitHub's way of saying no."""

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
        self.answer = Answer(body, status, headers or {})


def not_found() -> Refusal:
    """Refuse what does not exist, or is not to be known of."""
    return Refusal(HTTPStatus.NOT_FOUND, "Not Found")


def not_implemented(method: str, path: str) -> Refusal:
    """Refuse an operation that the sandbox lacks; 404 would look like a missing object."""
    message = f"The sandbox does not implement {method} {path}. docs/sandbox.md lists its operations."
    return Refusal(HTTPStatus.NOT_IMPLEMENTED, message)


def bad_credentials() -> Refusal:
    """Refuse a credential that is wrong, ended or too old."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "Bad credentials")


def not_accessible(*needed: str) -> Refusal:
    """Refuse what the app was not granted, naming it as GitHub does."""
    headers = {"X-Accepted-GitHub-Permissions": "; ".join(needed)} if needed else {}
    return Refusal(HTTPStatus.FORBIDDEN, "Resource not accessible by integration", headers=headers)


def suspended() -> Refusal:
    """Refuse a suspended installation."""
    return Refusal(HTTPStatus.FORBIDDEN, "This installation has been suspended")


def unprocessable(message: str, **error: str) -> Refusal:
    """Refuse what is well formed and makes no sense."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[error] if error else None)
