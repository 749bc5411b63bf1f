from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from entrypoints.rest.dashboard.routes import HOME
from entrypoints.rest.http.operations import HTML, JSON, Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import NoQuery, read_query
from entrypoints.rest.openapi.document import describe
from entrypoints.rest.openapi.page import page_of


def operations(everything: Callable[[], Sequence[Operation]], *, cookie: str) -> list[Operation]:
    """Return what describes everything, itself included, and the way there."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe(everything(), cookie=cookie))

    @cache
    def page() -> tuple[str, dict[str, str]]:
        return page_of(msgspec.json.decode(document()))

    async def openapi(request: Request) -> Response:
        read_query(request, NoQuery)
        return Response(document(), media_type=JSON, headers={"cache-control": "public, max-age=300"})

    async def docs(request: Request) -> Response:
        read_query(request, NoQuery)
        text, headers = page()
        return HTMLResponse(text, headers=headers)

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
