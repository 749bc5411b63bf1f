"""A server with the middleware of the REST API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from entrypoints.rest.http.cross_origin import CrossOrigin
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.limits import Limits
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.representations import Representations
from entrypoints.rest.http.requests import MAX_BODY_BYTES, read_body
from tests.support.scenarios.rest import API, DASHBOARD, KeptAlerts

LONG = {"data": [{"name": f"acme/repository-{number}"} for number in range(100)], "age_seconds": 1}


class MiddlewareServer:
    """A few paths behind the middleware of the REST API."""

    def __init__(self) -> None:
        self.content: dict[str, object] = LONG
        self.never = asyncio.Event()

    async def get(self, _: Request) -> Response:
        """Return the content."""
        return Response(json.dumps(self.content, separators=(",", ":")), media_type="application/json")

    async def take(self, request: Request) -> Response:
        """Return the size of the body."""
        return JSONResponse({"length": len(await read_body(request, max_bytes=MAX_BODY_BYTES * 2))})

    async def hang(self, _: Request) -> Response:
        """Never respond."""
        await self.never.wait()
        raise AssertionError

    async def stream(self, _: Request) -> Response:
        """Return a stream that takes longer than the limit."""

        async def parts() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await asyncio.sleep(0.1)
            yield b"data: 2\n\n" + b" " * 2000

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def page(self, _: Request) -> Response:
        """Return a page, which could repeat parts of the request."""
        return Response("<p>" * 1000, media_type="text/html")

    @asynccontextmanager
    async def client(self, *, seconds: float = 5.0, is_encrypted: bool = False) -> AsyncIterator[httpx.AsyncClient]:
        """Return a client."""
        routes = [
            Route("/api/list", self.get),
            Route("/list", self.get),
            Route("/api/list", self.take, methods=["POST"]),
            Route("/api/hang", self.hang),
            Route("/api/stream", self.stream),
            Route("/api/page", self.page),
        ]
        framework = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
        framework.router.redirect_slashes = False
        limited = Limits(Representations(framework), timeout_seconds=seconds)
        app = Envelope(CrossOrigin(limited, {DASHBOARD}), KeptAlerts(), is_encrypted=is_encrypted)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=API) as client:
            client.headers.pop("accept-encoding")
            yield client


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Check that the response is a problem with this status and code."""
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
