from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from entrypoints.rest.dashboard.routes import HOME
from entrypoints.rest.http.operations import HTML, JSON, Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import NoQuery, read_query
from entrypoints.rest.openapi.document import describe

# The icons of Swagger UI are `data:` images. "Try it out" calls this service only.
_PAGE_HEADERS = {
    "cache-control": "public, max-age=300",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def operations(everything: Callable[[], Sequence[Operation]], *, cookie: str) -> list[Operation]:
    """Return what describes everything, itself included, and the way there."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe(everything(), cookie=cookie))

    page = files("entrypoints.rest.openapi").joinpath("page.html").read_text()

    async def openapi(request: Request) -> Response:
        read_query(request, NoQuery)
        return Response(document(), media_type=JSON, headers={"cache-control": "public, max-age=300"})

    async def docs(request: Request) -> Response:
        read_query(request, NoQuery)
        return HTMLResponse(page, headers=_PAGE_HEADERS)

    async def front_door(request: Request) -> Response:
        read_query(request, NoQuery)
        return RedirectResponse(HOME, HTTPStatus.FOUND.value)

    return [
        Operation(
            "GET",
            "/",
            front_door,
            name="front_door",
            summary="Open the dashboard",
            tag=Tag.SERVICE,
            description="Redirects the browser to the dashboard.",
            answers=[Answer(status=HTTPStatus.FOUND, headers={"location": "The dashboard."})],
            access=Access.ANYONE,
        ),
        Operation(
            "GET",
            "/api/v1/openapi.json",
            openapi,
            name="openapi",
            summary="Get the OpenAPI document",
            tag=Tag.SERVICE,
            description="Returns this OpenAPI 3.1 document. It can be cached for five minutes.",
            answers=[Answer(dict)],
            access=Access.ANYONE,
        ),
        Operation(
            "GET",
            "/docs",
            docs,
            name="docs",
            summary="Read the API documentation",
            tag=Tag.SERVICE,
            description="Returns the content of the OpenAPI document as an HTML page.",
            answers=[Answer(media_type=HTML)],
            access=Access.ANYONE,
        ),
    ]
