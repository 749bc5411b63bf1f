import re
from secrets import token_hex

from starlette.types import Scope

HEADER = b"x-request-id"
# A caller's own id is kept so that their logs and ours can be laid side by side. What is odd could forge a
# log line or grow without bound, and is replaced.
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")


def request_id_of(scope: Scope) -> str:
    """Return the request's id: the caller's if it is sane, else a new one; the same at every call."""
    known: str | None = scope.get("request_id")
    if known is None:
        known = scope["request_id"] = _incoming(scope) or new_request_id()
    return known


def sane_request_id(given: bytes) -> str | None:
    """Return a caller's own id, None for one that is odd."""
    return given.decode() if _SANE.fullmatch(given) else None


def new_request_id() -> str:
    """Return an id for a request that brought none."""
    return token_hex(16)


def _incoming(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER:
            return sane_request_id(value)
    return None
