from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Generic, TypeVar

from adapters.github.api.circuit_breaker import BreakerPolicy
from adapters.github.api.credentials import Credential
from adapters.github.api.rate_limits import parse_http_date
from adapters.github.api.retries import RetryPolicy
from adapters.github.decoding.tolerant import SkippedFields

T_co = TypeVar("T_co", covariant=True)

NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND.value})
"""What a call accepts to which "there is none" is an answer."""

_MEBIBYTE = 1024 * 1024

# Of the API's paths: everything else in one is a number or a name.
_PATH_WORDS = frozenset(
    [
        *("app", "applications", "access_tokens", "attempts", "branches", "config", "deliveries", "emails"),
        *("git", "grant", "heads", "hook", "installation", "installation-requests", "installations", "login"),
        *("matching-refs", "oauth", "access_token", "repositories", "token", "user"),
    ]
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how many and how often; times in seconds. GitHub itself ends a request after ten of them."""

    connect: float = 5.0
    silence: float = 12.0
    whole: float = 30.0
    at_once: int = 8
    """Calls with one credential at once."""
    connections: int = 64
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    skipped: SkippedFields = field(default_factory=SkippedFields, compare=False)
    """The odd parts that were found while the answer was read."""

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def date(self) -> datetime | None:
        """GitHub's time when it answered."""
        return parse_http_date(self.headers.get("date"))

    @property
    def request(self) -> str:
        """What GitHub's support asks for."""
        return self.headers.get("x-github-request-id", "without a request id")


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One question to GitHub: how it is asked, and how its answer is read.

    `read` gets every success and what `accept` names besides; it raises `Unreadable` or msgspec's errors.
    """

    method: str
    url: str
    credential: Credential
    read: Callable[[Response], T_co]
    accept: frozenset[int] = frozenset()
    json: object = None
    form: str | None = None
    max_bytes: int = 8 * _MEBIBYTE

    @property
    def is_safe(self) -> bool:
        """Whether asking again does no harm."""
        return self.method == "GET"

    @property
    def source(self) -> str:
        """The kind of answer as metrics name it: the path without the numbers and names in it."""
        steps = self.place.partition("//")[2].split("/")[1:]
        return "/".join(step for step in steps if step in _PATH_WORDS)

    @property
    def place(self) -> str:
        """The URL as logs show it, without its query."""
        return self.url.partition("?")[0]
