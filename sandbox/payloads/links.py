import base64
from dataclasses import dataclass
from datetime import datetime

from sandbox.state.sandbox_app import API_PATH


@dataclass(frozen=True, slots=True)
class Links:
    """The base URLs of the sandbox. The API has a path on the same host, as on GitHub Enterprise Server."""

    web: str

    @property
    def api(self) -> str:
        """The base URL of the API."""
        return f"{self.web}{API_PATH}"


def make_node_id(kind: str, number: int) -> str:
    """Return an id in GitHub's legacy format. Clients must not parse it."""
    return base64.b64encode(f"{len(kind):03}:{kind}{number}".encode()).decode()


def format_time(at: datetime) -> str:
    """Return a time in the format of the API, in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def format_time_or_none(at: datetime | None) -> str | None:
    """Return a time in the format of the API, or None."""
    return None if at is None else format_time(at)
