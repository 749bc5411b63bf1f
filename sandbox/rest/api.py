"""Everything the REST API does around each operation."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from sandbox.rate_limits import READ_POINTS, WRITE_POINTS
from sandbox.rest import (
    apps,
    authorizations,
    branches,
    deliveries,
    installation_tokens,
    limits,
    manifests,
    repositories,
    users,
)
from sandbox.rest.answers import Answer, Refusal, not_found, not_implemented
from sandbox.rest.call import CURRENT_VERSION, NEXT_VERSION, Call
from sandbox.rest.endpoint import Endpoint
from sandbox.rest.outages import check_limits, suffer
from sandbox.rest.principals import Anonymous, Principal, principal_of
from sandbox.sandbox import Sandbox
from sandbox.state.sandbox_app import API_PATH

ENDPOINTS: tuple[Endpoint, ...] = (
    *apps.ENDPOINTS,
    *installation_tokens.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *repositories.ENDPOINTS,
    *branches.ENDPOINTS,
    *users.ENDPOINTS,
    *authorizations.ENDPOINTS,
    *manifests.ENDPOINTS,
    *limits.ENDPOINTS,
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_READING = frozenset({"GET", "HEAD"})
_REMOVED = frozenset({"has_downloads", "master_branch", "rate"})
_UNCOUNTED = frozenset({"/rate_limit"})


def api(sandbox: Sandbox) -> Router:
    """Return the API, to be mounted at its path."""
    routes = [Route(one.path, _served(sandbox, one), methods=[one.method]) for one in ENDPOINTS]

    async def unknown(request: Request) -> Response:
        path = request.scope["path"].removeprefix(API_PATH)
        # GitHub has no path that ends with a slash.
        refusal = not_found() if path.endswith("/") else not_implemented(request.method, path)
        return _render(sandbox, refusal.answer, Anonymous(), CURRENT_VERSION)

    # A route without methods, so that a known path with another method is named as well.
    return Router([*routes, Route("/{path:path}", unknown, methods=_METHODS)], redirect_slashes=False)


def _served(sandbox: Sandbox, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        if not request.headers.get("user-agent"):
            return PlainTextResponse(_NO_USER_AGENT, HTTPStatus.FORBIDDEN)
        version = request.headers.get("x-github-api-version", CURRENT_VERSION)
        principal: Principal = Anonymous()
        try:
            _check_version(version)
            path = request.scope["path"].removeprefix(API_PATH)
            principal = principal_of(sandbox, request.headers.get("authorization"), path)
            answer = await _answer(sandbox, endpoint, request, principal, version)
        except Refusal as refusal:
            answer = refusal.answer
        if answer.status == HTTPStatus.OK and request.method in _READING:
            return _conditional(sandbox, answer, principal, version, request)
        return _render(sandbox, answer, principal, version)

    return serve


async def _answer(sandbox: Sandbox, endpoint: Endpoint, request: Request, principal: Principal, version: str) -> Answer:
    path, reading = request.scope["path"].removeprefix(API_PATH), request.method in _READING
    if path not in _UNCOUNTED:
        points = READ_POINTS if reading else WRITE_POINTS
        check_limits(sandbox, path, principal.owner, points=points)
    with sandbox.limits.counted(principal.owner):
        content = await request.body()
        await suffer(sandbox, path, request.receive)
    sandbox.changes += not reading
    call = Call(
        sandbox=sandbox,
        principal=principal,
        path=path,
        raw_path=request.scope["raw_path"].decode("ascii").removeprefix(API_PATH),
        query=request.query_params,
        parts={name: str(value) for name, value in request.path_params.items()},
        headers=request.headers,
        content=content,
        version=version,
    )
    return endpoint.handle(call)


def _check_version(version: str) -> None:
    if version not in (CURRENT_VERSION, NEXT_VERSION):
        raise Refusal(
            HTTPStatus.BAD_REQUEST, f"Unsupported API version: {version}. Supported: {CURRENT_VERSION}, {NEXT_VERSION}."
        )


def _conditional(sandbox: Sandbox, answer: Answer, principal: Principal, version: str, request: Request) -> Response:
    """Answer 304 to who has this already, for free.

    The tag depends on the credential, as GitHub's does: another token of the same installation gets another.
    """
    rendered = _render(sandbox, answer, principal, version)
    digest = hashlib.sha256(rendered.body)
    digest.update(request.headers.get("authorization", "").encode())
    tag = f'W/"{digest.hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        counted = request.scope["path"].removeprefix(API_PATH) not in _UNCOUNTED
        if counted and not isinstance(principal, Anonymous):
            sandbox.limits.give_back(principal.owner)
        rendered = _render(sandbox, Answer(status=HTTPStatus.NOT_MODIFIED), principal, version)
    rendered.headers["ETag"] = tag
    return rendered


def _render(sandbox: Sandbox, answer: Answer, principal: Principal, version: str) -> Response:
    quota = sandbox.limits.quota(principal.owner, sandbox.now(), sandbox.behaviour)
    shown = _without_removed(answer.body) if version == NEXT_VERSION else answer.body
    body = b"" if shown is None else msgspec.json.encode(shown)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": version,
        "X-GitHub-Request-Id": secrets.token_hex(8).upper(),
        "X-RateLimit-Limit": str(quota.limit),
        "X-RateLimit-Remaining": str(quota.remaining),
        "X-RateLimit-Reset": str(quota.reset),
        "X-RateLimit-Used": str(quota.used),
        "X-RateLimit-Resource": "core",
        **answer.headers,
    }
    return Response(body, answer.status, headers)


def _without_removed(body: object) -> object:
    """Leave out what the next version has not: https://docs.github.com/rest/about-the-rest-api/breaking-changes."""
    if isinstance(body, dict):
        return {name: _without_removed(value) for name, value in body.items() if name not in _REMOVED}
    return [_without_removed(item) for item in body] if isinstance(body, list) else body


_NO_USER_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
