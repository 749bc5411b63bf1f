"""How callers say that a request is the same as one before: `Idempotency-Key`, as the IETF draft has it.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.domain.idempotency import IdempotencyKey, IdempotencyKeyInvalid, IdempotencyKeyReused, idempotency_key
from core.use_cases.idempotency import IdempotentResult
from entrypoints.rest.http.json_response import Json

OF_KEYS = [IdempotencyKeyInvalid, IdempotencyKeyReused]
"""Refusals of what takes a key."""

REPLAYED = "Idempotent-Replayed"
TOLD: Mapping[str, str] = {REPLAYED: "`true` if this is the stored response to an earlier request with the same key."}
"""The headers of what was done under a key."""


def read_key(request: Request) -> IdempotencyKey | None:
    """Return the request's key, None where it has none; raises `IdempotencyKeyInvalid`."""
    given = request.headers.getlist("idempotency-key")
    if len(given) > 1:
        raise IdempotencyKeyInvalid("Several idempotency keys were sent. Send one.")
    return idempotency_key(given[0]) if given else None


def answered(
    done: IdempotentResult[object],
    body: msgspec.Struct,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer to something done once, marked where it was done by an earlier request."""
    marked = {REPLAYED: "true"} if done.is_replay else {}
    return Json(body, status, {**(headers or {}), **marked})
