"""What the REST API can do, each as one value: routes and the API's description are made of nothing else."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from core.domain.errors import DomainError
from entrypoints.rest.http.paths import template_of
from entrypoints.rest.http.queries import NoQuery, Query

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Handler = Callable[[Request], Awaitable[Response]]

JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"


class Tag(Enum):
    """What an operation is about: the chapters of the description."""

    INTEGRATIONS = "Integrations"
    REPOSITORIES = "Repositories"
    PROJECTS = "Projects"
    EVENTS = "Events"
    ATTRIBUTIONS = "Attributions"
    ACCOUNT = "Account"
    PROVIDER = "Provider"
    SERVICE = "Service"
    DEVELOPMENT = "Development"


class Access(Enum):
    """How an operation knows who calls."""

    CALLER = "caller"
    """By bearer token or session cookie."""

    USER = "user"
    """The same, but a service cannot call it, not even for a user."""

    ANYONE = "anyone"
    """It does not ask, or has another proof, such as the state of a browser flow."""

    SIGNATURE = "signature"
    """By the provider's signature over the body."""


@dataclass(frozen=True, slots=True)
class StreamedForm:
    """The form of the JSON that a server-sent event carries; `data` is the form of its field `data`."""

    form: type
    data: type | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to succeed: the form of its JSON, under a status.

    Without a form there is no body, unless the media type is another than JSON.
    """

    form: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    description: str = ""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names of headers that matter, with what each tells."""
    events: Mapping[str, StreamedForm] = field(default_factory=dict)
    """Of an event stream: the name of each event, with the form of its data."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    What every operation of its sort may answer besides is known and not listed: 401 where it asks who calls,
    404 and 403 below an organization, 404 for an unknown provider, 400 for its query and body, 503 and so on
    (`entrypoints/rest/openapi`). `name` is unique and stable: clients are generated from it.
    """

    method: Method
    path: str
    handler: Handler | ASGIApp
    name: str
    summary: str
    tag: Tag
    answers: Sequence[Answer]
    query: type[Query] = NoQuery
    """Also what the handler gives to `read_query`."""

    body: type | None = None
    """Also what the handler gives to `read_json`."""

    refusals: Sequence[type[DomainError]] = ()
    access: Access = Access.CALLER
    takes_idempotency_key: bool = False
    description: str = ""

    @property
    def template(self) -> str:
        """The path as a description writes it: `{org_id}` for `{org_id:uuid}`."""
        return template_of(self.path)

    @property
    def streams(self) -> bool:
        """Whether its answer goes on for as long as the reader stays."""
        return any(answer.media_type == EVENT_STREAM for answer in self.answers)


def routes(operations: Iterable[Operation]) -> list[Route]:
    """Return the route of each operation; what answers GET answers HEAD, unless it streams."""
    return [_route(one) for one in operations]


def _route(operation: Operation) -> Route:
    route = Route(operation.path, operation.handler, methods=[operation.method], name=operation.name)
    if operation.streams and route.methods:
        # It would never come to the end of a body that nobody is sent.
        route.methods.discard("HEAD")
    return route
