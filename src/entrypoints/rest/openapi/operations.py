from collections.abc import Callable, Sequence
from http import HTTPStatus
from importlib.resources import files

import msgspec
from starlette.responses import HTMLResponse, RedirectResponse, Response

from entrypoints.rest.dashboard.routes import HOME
from entrypoints.rest.http.operations import (
    HTML,
    JSON,
    Access,
    Call,
    Operation,
    OperationGroup,
    Success,
    Tag,
    redirect_to,
)
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.openapi.document import describe

# The icons of Swagger UI are `data:` images. "Try it out" calls this service only.
_PAGE_HEADERS = {
    "cache-control": "public, max-age=300",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def operations(list_operations: Callable[[], Sequence[Operation]], *, cookie: str) -> list[Operation]:
    """Return the operations that describe all operations, including themselves."""
    group = OperationGroup(Tag.SERVICE)

    def document() -> bytes:
        return msgspec.json.encode(describe(list_operations(), cookie=cookie))

    page = files("entrypoints.rest.openapi").joinpath("page.html").read_text()

    @group.add(
        "GET",
        "/",
        "Open the dashboard",
        redirect_to("The dashboard."),
        name="front_door",
        access=Access.ANYONE,
        description="Redirects the browser to the dashboard.",
    )
    async def open_dashboard(_: Call[NoQuery, None]) -> Response:
        return RedirectResponse(HOME, HTTPStatus.FOUND.value)

    @group.add(
        "GET",
        "/api/v1/openapi.json",
        "Get the OpenAPI document",
        Success(dict),
        name="openapi",
        access=Access.ANYONE,
        description="Returns this OpenAPI 3.1 document. It can be cached for five minutes.",
    )
    async def get_document(_: Call[NoQuery, None]) -> Response:
        return Response(document(), media_type=JSON, headers={"cache-control": "public, max-age=300"})

    @group.add(
        "GET",
        "/docs",
        "Read the API documentation",
        Success(media_type=HTML),
        name="docs",
        access=Access.ANYONE,
        description="Returns the content of the OpenAPI document as an HTML page.",
    )
    async def show_reference(_: Call[NoQuery, None]) -> Response:
        return HTMLResponse(page, headers=_PAGE_HEADERS)

    return group.operations
