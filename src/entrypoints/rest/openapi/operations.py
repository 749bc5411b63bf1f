from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from importlib.resources import files

import msgspec
from starlette.responses import HTMLResponse, RedirectResponse, Response

from entrypoints.rest.dashboard.routes import HOME
from entrypoints.rest.http.operations import HTML, JSON, Access, Call, Operation, Success, Tag, redirect_to
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

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe(list_operations(), cookie=cookie))

    page = files("entrypoints.rest.openapi").joinpath("page.html").read_text()

    async def get_document(_: Call[NoQuery, None]) -> Response:
        return Response(document(), media_type=JSON, headers={"cache-control": "public, max-age=300"})

    async def show_reference(_: Call[NoQuery, None]) -> Response:
        return HTMLResponse(page, headers=_PAGE_HEADERS)

    async def open_dashboard(_: Call[NoQuery, None]) -> Response:
        return RedirectResponse(HOME, HTTPStatus.FOUND.value)

    return [
        Operation(
            "GET",
            "/",
            open_dashboard,
            name="front_door",
            summary="Open the dashboard",
            tag=Tag.SERVICE,
            description="Redirects the browser to the dashboard.",
            responses=[redirect_to("The dashboard.")],
            access=Access.ANYONE,
        ),
        Operation(
            "GET",
            "/api/v1/openapi.json",
            get_document,
            name="openapi",
            summary="Get the OpenAPI document",
            tag=Tag.SERVICE,
            description="Returns this OpenAPI 3.1 document. It can be cached for five minutes.",
            responses=[Success(dict)],
            access=Access.ANYONE,
        ),
        Operation(
            "GET",
            "/docs",
            show_reference,
            name="docs",
            summary="Read the API documentation",
            tag=Tag.SERVICE,
            description="Returns the content of the OpenAPI document as an HTML page.",
            responses=[Success(media_type=HTML)],
            access=Access.ANYONE,
        ),
    ]
