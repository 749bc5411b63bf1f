from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

from adapters.github.api.credentials import Credential
from adapters.github.api.rate_limits import parse_http_date
from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import TolerantDecoder

T_co = TypeVar("T_co", covariant=True)

NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND.value})
"""For `Call.accept`, if a missing object is a normal result."""

MAX_RESPONSE_BYTES = 8 * 1024 * 1024

# The fixed words of the API's paths. All other parts are ids or names.
_PATH_WORDS = frozenset(
    [
        *("app", "applications", "access_tokens", "attempts", "branches", "commits", "compare", "config"),
        *("deliveries", "emails"),
        *("git", "grant", "heads", "hook", "installation", "installation-requests", "installations", "login"),
        *("matching-refs", "oauth", "access_token", "repositories", "token", "trees", "user"),
    ]
)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    skipped: SkippedFields = field(default_factory=SkippedFields, compare=False)
    """The fields that were skipped while the response was decoded."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def date(self) -> datetime | None:
        """GitHub's time at the response."""
        return parse_http_date(self.headers.get("date"))

    @property
    def request(self) -> str:
        """The request id for GitHub's support."""
        return self.headers.get("x-github-request-id", "without a request id")


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """A request to GitHub with the reader of its response.

    `read` gets every 2xx response and the statuses in `accept`. It raises `Unreadable` or msgspec's errors.
    """

    method: str
    url: str
    credential: Credential
    read: Callable[[Response], T_co]
    accept: frozenset[int] = frozenset()
    json: object = None
    form: str | None = None
    max_bytes: int = MAX_RESPONSE_BYTES

    @property
    def is_safe(self) -> bool:
        """Whether the request may be repeated, because it changes nothing."""
        return self.method == "GET"

    @property
    def source(self) -> str:
        """The response type in metrics: the path without ids and names."""
        steps = self.place.partition("//")[2].split("/")[1:]
        return "/".join(step for step in steps if step in _PATH_WORDS)

    @property
    def place(self) -> str:
        """The URL without its query, for logs."""
        return self.url.partition("?")[0]


S = TypeVar("S", bound=msgspec.Struct)


def make_reader(shape: type[S]) -> Callable[[Response], S]:
    """Return a function that decodes an object of this type and records skipped fields in the response."""
    decode = TolerantDecoder(shape).decode
    return lambda response: decode(response.body, response.skipped)


def make_list_reader(shape: type[S]) -> Callable[[Response], list[S]]:
    """Return a function that decodes a list of objects of this type, without rows that cannot be decoded."""
    rows: type[list[S]] = list[shape]  # type: ignore[valid-type] # built at run time
    decode = TolerantDecoder(rows).decode
    return lambda response: decode(response.body, response.skipped)


def make_optional_reader(shape: type[S]) -> Callable[[Response], S | None]:
    """Return a function that decodes an object of this type, and returns None for status 404."""
    read = make_reader(shape)
    return lambda response: None if response.status == HTTPStatus.NOT_FOUND else read(response)


def ignore_body(_reply: Response) -> None:
    """Return None for any response."""
