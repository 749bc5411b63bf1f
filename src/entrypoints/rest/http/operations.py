"""The operations of the REST API as values. Routes and the OpenAPI document are made from them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.domain.actors import Actor
from core.domain.errors import DomainError
from core.domain.idempotency import IdempotencyKey
from core.domain.identifiers import RepoId
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.paths import template_of
from entrypoints.rest.http.requests import NoQuery, Query, prefers_page, read_idempotency_key, read_json, read_query

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
T = TypeVar("T")
Q = TypeVar("Q", bound=Query)
B = TypeVar("B", bound=msgspec.Struct | None)

JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"


class _PathParameter(Generic[T]):
    """A parameter of the path, after conversion by the route."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, call: "Call[Any, Any]", owner: type) -> T:
        value: T = call.request.path_params[self._name]
        return value


@dataclass(slots=True, eq=False)
class Call(Generic[Q, B]):
    """A call of an operation: the request, and its validated parameters.

    `query` and `body` have the types that the operation declares; `body` is None if it declares no type.
    """

    request: Request
    query: Q
    body: B
    caller: Actor | None
    """None if the operation does not authenticate the caller."""

    key: IdempotencyKey | None

    @property
    def actor(self) -> Actor:
        """The caller of an operation that authenticates its caller."""
        assert self.caller is not None  # see `Operation.access`
        return self.caller

    organization_id = _PathParameter[UUID]("org_id")
    project_id = _PathParameter[UUID]("project_id")
    provider = _PathParameter[str]("provider")
    repo_id = _PathParameter[RepoId]("repo_id")
    event_id = _PathParameter[str]("event_id")
    author_key = _PathParameter[str]("author_key")
    lease_id = _PathParameter[UUID]("lease_id")


Handler = Callable[[Call[Any, Any]], Awaitable[Response]]
H = TypeVar("H", bound=Handler)


class Tag(Enum):
    """The group of an operation in the OpenAPI document."""

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
    """How an operation authenticates its caller."""

    CALLER = "caller"
    """By bearer token or session cookie."""

    USER = "user"
    """The same, but a service cannot call it, not even for a user."""

    ANYONE = "anyone"
    """Not at all, or by another proof, such as the state of a browser flow."""

    SIGNATURE = "signature"
    """By the provider's signature of the body."""

    @property
    def is_authenticated(self) -> bool:
        """Whether the operation gets an actor."""
        return self in (Access.CALLER, Access.USER)


@dataclass(frozen=True, slots=True)
class StreamedModel:
    """The type of the JSON that a server-sent event carries; `data` is the type of its field `data`."""

    model: type
    data: type | None = None


@dataclass(frozen=True, slots=True)
class Success:
    """A successful response: the type of its JSON, and its status.

    Without a type there is no body, unless the media type is not JSON.
    """

    model: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    description: str = ""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    """The documented headers, with their descriptions."""
    events: Mapping[str, StreamedModel] = field(default_factory=dict)
    """The events of an event stream, by name."""


def redirect_to(target: str, status: HTTPStatus = HTTPStatus.FOUND) -> Success:
    """Return the documentation of a redirect. `target` is a sentence."""
    return Success(status=status, headers={"location": target})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    `errors` lists only the errors that do not follow from the other fields (`rest/openapi/errors.py`). `name`
    is unique and stable: clients are generated from it.
    """

    method: Method
    path: str
    handler: Handler | None
    name: str
    summary: str
    tag: Tag
    responses: Sequence[Success]
    query: type[Query] = NoQuery
    body: type[msgspec.Struct] | None = None
    errors: Sequence[type[DomainError]] = ()
    access: Access = Access.CALLER
    takes_idempotency_key: bool = False
    description: str = ""
    error_page: Callable[[Request, DomainError], Response] | None = None
    """Returns the error as a page, for a browser."""

    app: ASGIApp | None = None
    """Handles the request instead of a handler."""

    @property
    def template(self) -> str:
        """The path in the OpenAPI document: `{org_id}` for `{org_id:uuid}`."""
        return template_of(self.path)

    @property
    def streams(self) -> bool:
        """Whether the response lasts until the caller leaves."""
        return any(response.media_type == EVENT_STREAM for response in self.responses)


class OperationGroup:
    """Collects the operations of one tag."""

    def __init__(self, tag: Tag) -> None:
        self._tag = tag
        self.operations: list[Operation] = []

    def add(
        self,
        method: Method,
        path: str,
        summary: str,
        *responses: Success,
        description: str,
        name: str | None = None,
        errors: Sequence[type[DomainError]] = (),
        access: Access = Access.CALLER,
        takes_idempotency_key: bool = False,
        error_page: Callable[[Request, DomainError], Response] | None = None,
    ) -> Callable[[H], H]:
        """Return a decorator that adds an operation with this handler.

        The types of the query and the body are those of the handler's `Call`. The default name is the handler's.
        """

        def add_handler(handler: H) -> H:
            [call] = [hint for parameter, hint in get_type_hints(handler).items() if parameter != "return"]
            query, body = get_args(call)
            self.operations.append(
                Operation(
                    method,
                    path,
                    handler,
                    name=name or handler.__name__,
                    summary=summary,
                    tag=self._tag,
                    responses=responses,
                    query=query,
                    body=None if body is type(None) else body,
                    errors=errors,
                    access=access,
                    takes_idempotency_key=takes_idempotency_key,
                    description=description,
                    error_page=error_page,
                )
            )
            return handler

        return add_handler


class _Endpoint:
    """Authenticates the caller, reads the parameters, and calls the handler of an operation.

    An ASGI application, because the framework wraps functions in three more layers.
    """

    def __init__(self, operation: Operation, handler: Handler, authenticate: Authentication | None) -> None:
        self.__name__ = operation.name
        self._operation = operation
        self._handler = handler
        self._authenticate = authenticate if operation.access.is_authenticated else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except DomainError as error:
            if self._operation.error_page is None or not prefers_page(request):
                raise
            response = self._operation.error_page(request, error)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        operation = self._operation
        actor = await self._authenticate(request) if self._authenticate else None
        query = read_query(request, operation.query)
        body = await read_json(request, operation.body) if operation.body else None
        key = read_idempotency_key(request) if operation.takes_idempotency_key else None
        return await self._handler(Call(request, query, body, actor, key))


def routes(operations: Iterable[Operation], authenticate: Authentication | None = None) -> list[Route]:
    """Return the route of each operation. Routes for GET also accept HEAD, except those of streams."""
    return [_route(operation, authenticate) for operation in operations]


def _route(operation: Operation, authenticate: Authentication | None) -> Route:
    assert authenticate is not None or not operation.access.is_authenticated
    endpoint = operation.app
    if endpoint is None:
        assert operation.handler is not None
        endpoint = _Endpoint(operation, operation.handler, authenticate)
    route = Route(operation.path, endpoint, methods=[operation.method], name=operation.name)
    if operation.streams and route.methods:
        # The response to HEAD would never end.
        route.methods.discard("HEAD")
    return route
