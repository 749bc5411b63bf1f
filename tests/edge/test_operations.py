"""Routes are made of operations, and of nothing else."""

import re
from collections.abc import AsyncIterator
from typing import get_args, get_type_hints

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match

from entrypoints.rest.http.operations import EVENT_STREAM, Access, Call, Operation, Success, Tag, routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.route_table import RouteTable
from tests.support.scenarios.rest import Edge, list_all_operations

_SAMPLE_ID = "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c11"


async def endless(_: Call[NoQuery, None]) -> Response:
    """Answer with a stream."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b":\n\n"

    return StreamingResponse(parts(), media_type=EVENT_STREAM)


async def test_streams_do_not_support_head() -> None:
    """The response would never end."""
    stream = Operation(
        "GET",
        "/stream/{org_id:uuid}",
        endless,
        name="stream",
        summary="a stream",
        tag=Tag.SERVICE,
        responses=[Success(media_type=EVENT_STREAM)],
        access=Access.ANYONE,
    )
    assert stream.streams
    assert stream.template == "/stream/{org_id}"
    app = Starlette(routes=routes([stream]), exception_handlers=EXCEPTION_HANDLERS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as client:
        answer = await client.head("/stream/0d1c2b3a-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, OPTIONS")


def test_handlers_take_the_parameters_that_their_operation_declares() -> None:
    for operation in list_all_operations():
        if operation.handler is None:
            assert operation.app is not None, operation.name
            continue
        [call] = [hint for name, hint in get_type_hints(operation.handler).items() if name != "return"]
        assert get_args(call) == (operation.query, operation.body or type(None)), operation.name


def test_an_operation_with_a_caller_needs_authentication() -> None:
    operation = next(operation for operation in list_all_operations() if operation.access is Access.CALLER)
    with pytest.raises(AssertionError):
        routes([operation])


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_the_route_table_finds_the_route_that_the_framework_would_find(method: str) -> None:
    mounted = routes(list_all_operations(), Edge().parts()[1].authentication)
    table = RouteTable(mounted)
    paths = [re.sub(r"{(\w+)}", _SAMPLE_ID, route.path_format) for route in mounted]
    assert len(set(paths)) > 20
    for path in [*paths, "/", "/nowhere", f"{paths[0]}/", f"{paths[-1]}x"]:
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        matches = [(route, *route.matches(scope)) for route in mounted]
        expected = next((found for found in matches if found[1] is Match.FULL), None)
        expected = expected or next((found for found in matches if found[1] is Match.PARTIAL), None)
        match, child_scope = table.matches(scope)
        if expected is None:
            assert match is Match.NONE, path
        else:
            assert (match, child_scope) == (expected[1], {**expected[2], "route": expected[0]}), path
