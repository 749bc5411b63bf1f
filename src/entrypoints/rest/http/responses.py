"""JSON responses, also those to requests with an `Idempotency-Key`."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from core.use_cases.idempotency import IdempotentResult

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time in a response: RFC 3339 in UTC."""

REPLAYED = "Idempotent-Replayed"


class Json(Response):
    """A JSON response: times in RFC 3339, enums by value, UUIDs as text."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the framework's signature
        """Encode the content."""
        return msgspec.json.encode(content)


def respond_once(
    once: IdempotentResult[object],
    body: msgspec.Struct,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response to a request with a key, marked if an earlier request was executed instead."""
    replayed = {REPLAYED: "true"} if once.is_replay else {}
    return Json(body, status, {**(headers or {}), **replayed})
