"""Routes are made of operations, and of nothing else."""

from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from entrypoints.rest.http.operations import EVENT_STREAM, Access, Answer, Operation, Tag, routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS


async def endless(_: Request) -> Response:
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
        answers=[Answer(media_type=EVENT_STREAM)],
        access=Access.ANYONE,
    )
    assert stream.streams
    assert stream.template == "/stream/{org_id}"
    app = Starlette(routes=routes([stream]), exception_handlers=EXCEPTION_HANDLERS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as client:
        answer = await client.head("/stream/0d1c2b3a-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, OPTIONS")
