from typing import Any

import msgspec
from starlette.responses import Response


class Json(Response):
    """A JSON answer: times in RFC 3339, enums by value, UUIDs as text."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the framework's signature
        """Encode the content."""
        return msgspec.json.encode(content)
