import base64
from dataclasses import dataclass
from datetime import datetime

from sandbox.state.sandbox_app import API_PATH


@dataclass(frozen=True, slots=True)
class Links:
    """Where this sandbox is; both pages and API are under one address, as on GitHub Enterprise Server."""

    web: str

    @property
    def api(self) -> str:
        """Return the API's base URL."""
        return f"{self.web}{API_PATH}"


def node_id(kind: str, number: int) -> str:
    """Return an id of GitHub's legacy form; nothing may be read from it."""
    return base64.b64encode(f"{len(kind):03}:{kind}{number}".encode()).decode()


def stamp(at: datetime) -> str:
    """Write a time as the API does, in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(at: datetime | None) -> str | None:
    """Write a time that may be missing."""
    return None if at is None else stamp(at)
