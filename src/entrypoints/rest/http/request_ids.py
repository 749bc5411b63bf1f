from starlette.types import Scope

from entrypoints.edge.request_ids import new_request_id, parse_request_id

HEADER = b"x-request-id"


def request_id_of(scope: Scope) -> str:
    """Return the id that the caller sent if it is valid, or a new id. Each call returns the same id."""
    request_id: str | None = scope.get("request_id")
    if request_id is None:
        request_id = scope["request_id"] = _incoming(scope) or new_request_id()
    return request_id


def _incoming(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER:
            return parse_request_id(value)
    return None
