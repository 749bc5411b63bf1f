from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time in an answer: RFC 3339 in UTC."""


class Json(Response):
    """A JSON answer: times in RFC 3339, enums by value, UUIDs as text."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the framework's signature
        """Encode the content."""
        return msgspec.json.encode(content)
