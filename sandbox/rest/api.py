"""The REST API: routing, authentication, limits and rendering around each operation."""

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
    contents,
    deliveries,
    installation_tokens,
    outages,
    repositories,
    users,
)
from sandbox.rest.answers import ApiResponse, Refusal, not_found, not_implemented
from sandbox.rest.call import CURRENT_VERSION, NEXT_VERSION, Call, Endpoint
from sandbox.rest.outages import apply_faults, check_limits
from sandbox.rest.principals import Anonymous, Principal, authenticate
from sandbox.sandbox import Sandbox
from sandbox.state.sandbox_app import API_PATH

ENDPOINTS: tuple[Endpoint, ...] = (
    *apps.ENDPOINTS,
    *installation_tokens.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *repositories.ENDPOINTS,
    *branches.ENDPOINTS,
    *contents.ENDPOINTS,
    *users.ENDPOINTS,
    *authorizations.ENDPOINTS,
    *outages.ENDPOINTS,
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_REMOVED = frozenset({"has_downloads", "master_branch", "rate"})
_FREE_PATHS = frozenset({"/rate_limit"})


def create_api(sandbox: Sandbox) -> Router:
    """Return the API, to be mounted at its path."""
    routes = [
        Route(endpoint.path, _make_route_handler(sandbox, endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]

    async def unknown(request: Request) -> Response:
        path = request.scope["path"].removeprefix(API_PATH)
        # GitHub has no path that ends with a slash.
        refusal = not_found() if path.endswith("/") else not_implemented(request.method, path)
        return _render(sandbox, refusal.answer, Anonymous(), CURRENT_VERSION)

    # All methods, so that a known path with another method gets the same response.
    return Router([*routes, Route("/{path:path}", unknown, methods=_METHODS)], redirect_slashes=False)


def _make_route_handler(sandbox: Sandbox, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        if not request.headers.get("user-agent"):
            return PlainTextResponse(_NO_USER_AGENT, HTTPStatus.FORBIDDEN)
        version = request.headers.get("x-github-api-version", CURRENT_VERSION)
        principal: Principal = Anonymous()
        try:
            _check_version(version)
            path = request.scope["path"].removeprefix(API_PATH)
            principal = authenticate(sandbox, request.headers.get("authorization"), path)
            response = await _handle(sandbox, endpoint, request, principal, version)
        except Refusal as refusal:
            response = refusal.answer
        if response.status == HTTPStatus.OK and request.method in _SAFE_METHODS:
            return _render_conditional(sandbox, response, principal, version, request)
        return _render(sandbox, response, principal, version)

    return serve


async def _handle(
    sandbox: Sandbox, endpoint: Endpoint, request: Request, principal: Principal, version: str
) -> ApiResponse:
    path, is_read = request.scope["path"].removeprefix(API_PATH), request.method in _SAFE_METHODS
    if path not in _FREE_PATHS:
        points = READ_POINTS if is_read else WRITE_POINTS
        check_limits(sandbox, path, principal.owner, points=points)
    with sandbox.limits.count_running(principal.owner):
        content = await request.body()
        await apply_faults(sandbox, path, request.receive)
    sandbox.changes += not is_read
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


def _render_conditional(
    sandbox: Sandbox, response: ApiResponse, principal: Principal, version: str, request: Request
) -> Response:
    """Respond with 304, which is free, if the client has the current version.

    The tag depends on the credential, as on GitHub: tokens of the same installation get different tags.
    """
    rendered = _render(sandbox, response, principal, version)
    digest = hashlib.sha256(rendered.body)
    digest.update(request.headers.get("authorization", "").encode())
    tag = f'W/"{digest.hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        count_running = request.scope["path"].removeprefix(API_PATH) not in _FREE_PATHS
        if count_running and not isinstance(principal, Anonymous):
            sandbox.limits.refund(principal.owner)
        rendered = _render(sandbox, ApiResponse(status=HTTPStatus.NOT_MODIFIED), principal, version)
    rendered.headers["ETag"] = tag
    return rendered


def _render(sandbox: Sandbox, response: ApiResponse, principal: Principal, version: str) -> Response:
    quota = sandbox.limits.quota(principal.owner, sandbox.now(), sandbox.behaviour)
    shown_body = _omit_removed_fields(response.body) if version == NEXT_VERSION else response.body
    body = b"" if shown_body is None else msgspec.json.encode(shown_body)
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
        **response.headers,
    }
    return Response(body, response.status, headers)


def _omit_removed_fields(body: object) -> object:
    """Omit fields that the next API version removes: https://docs.github.com/rest/about-the-rest-api/breaking-changes."""
    if isinstance(body, dict):
        return {name: _omit_removed_fields(value) for name, value in body.items() if name not in _REMOVED}
    return [_omit_removed_fields(item) for item in body] if isinstance(body, list) else body


_NO_USER_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
