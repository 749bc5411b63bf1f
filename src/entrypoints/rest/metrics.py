from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"
Exposition = Callable[[], bytes]
"""Writes out all figures in Prometheus' text format."""


def routes(exposition: Exposition) -> list[Route]:
    """Return the route Prometheus scrapes.

    It asks for no token, as scrapers expect; a proxy in front of the API should not pass it on.
    """

    async def metrics(_: Request) -> Response:
        # With several processes it reads their files.
        return Response(await run_in_threadpool(exposition), media_type=_MEDIA_TYPE)

    return [Route("/metrics", metrics)]
